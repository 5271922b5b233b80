// Presses the buttons of a box by keys, while the focus is in the box. The notebook, in which letters cut and merge
// cells, hears of none that is typed there: the window is asked before any part of the page.

function render({ model, el }) {
  const buttons = model.get("buttons");
  el.textContent = model.get("said");
  el.tabIndex = 0;
  el.setAttribute("role", "note");

  const around = (node) => el.closest(`.${model.get("box")}`)?.contains(node);
  const press = (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || !around(event.target)) return;
    const button = buttons[event.key.toLowerCase()];
    if (button || event.key.length === 1) event.stopImmediatePropagation();
    if (!button) return;
    event.preventDefault();
    if (!event.repeat) el.closest(`.${model.get("box")}`).querySelector(`.${button}`).click();
  };
  const focus = (event) => {
    if (around(event.target) && !around(document.activeElement)) el.focus({ preventScroll: true });
  };
  window.addEventListener("keydown", press, true);
  window.addEventListener("click", focus);
  return () => {
    window.removeEventListener("keydown", press, true);
    window.removeEventListener("click", focus);
  };
}

export default { render };
