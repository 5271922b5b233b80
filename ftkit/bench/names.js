// Names the sliders of a box for screen readers, and tells them the value that stands beside a slider, not its place.
// Keys that are pressed in a list are the list's own: the notebook would go to another cell, or change this one.

function render({ model, el }) {
  const tell = () => {
    const box = el.closest(`.${model.get("box")}`);
    box?.querySelectorAll("select").forEach((list) => list.setAttribute("data-lm-suppress-shortcuts", "true"));
    box?.querySelectorAll('[role="slider"]').forEach((handle) => {
      const row = handle.closest(".widget-inline-hbox");
      const told = { "aria-label": ".widget-label", "aria-valuetext": ".widget-readout" };
      for (const [attribute, part] of Object.entries(told)) {
        const text = row?.querySelector(part)?.textContent;
        if (text && handle.getAttribute(attribute) !== text) handle.setAttribute(attribute, text);
      }
    });
  };
  const timer = setInterval(tell, 300);
  return () => clearInterval(timer);
}

export default { render };
