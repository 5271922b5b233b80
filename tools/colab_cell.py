# Colab only: brings ftkit 0.1.0 and what Colab's image lacks for it, and leaves what is installed. Elsewhere: nothing.
import os
import subprocess
import sys
from importlib.metadata import version

if "google.colab" in sys.modules:
    source = os.environ.get("FTKIT_SOURCE", "ftkit @ https://github.com/ftkit/ftkit/archive/refs/tags/v0.1.0.tar.gz")
    held = "torch numpy pandas ipykernel ipython ipywidgets plotly transformers peft accelerate".split()
    missing = [f"{name}=={version(name)}" for name in held] + ["trl>=1.16,<2", "datasets>=4.7,<5", "bm25s>=0.3"]
    for wanted in (["--no-deps", source], missing):
        subprocess.run([sys.executable, "-m", "pip", "install", "-q", *wanted], check=True)
    from trl import SFTTrainer  # the proof; should it fail, choose Runtime > Restart session and run this cell again

    print(f"ftkit {version('ftkit')} is ready: {SFTTrainer.__name__} of trl {version('trl')}, torch {version('torch')}")
