"""How fast is it, beside what others would run? `make bench`; nothing here is installed with the package."""
