"""A Jupyter on loopback and a headless Chromium that looks at it; for tests and screenshots."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import nbformat
from patience import seconds
from playwright.sync_api import sync_playwright

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
NAMES = ("chromium", "chromium-browser", "google-chrome")
MISSING = "no Chromium: install one (Debian, Ubuntu: sudo apt install chromium; else: playwright install chromium)"
KERNEL = "window.jupyterapp?.shell.currentWidget?.context?.sessionContext?.session?.kernel"
SETTINGS = {
    "apputils-extension/notification.jupyterlab-settings": {"fetchNews": "false", "checkForUpdates": False},
    "notebook-extension/tracker.jupyterlab-settings": {"windowingMode": "none"},  # cells out of sight stay on the page
}
THEMES = ("JupyterLab Light", "JupyterLab Dark")


def chromium() -> str | None:
    """Path of a browser: the system's, or the one that Playwright has fetched; None if there is none."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found:
        return found
    with sync_playwright() as tool:
        path = tool.chromium.executable_path
    return path if Path(path).exists() else None


@contextmanager
def server(folder: Path, app: str = "jupyterlab"):
    """A JupyterLab or a Notebook 7 ("notebook") over a folder, with settings, runs and IPython of its own; yields its
    address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = folder / ".jupyter"
    for name, values in SETTINGS.items():
        path = own / "settings/@jupyterlab" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))
    places = {
        "FTKIT_RUNS": folder / "runs",
        "IPYTHONDIR": own / "ipython",
        "JUPYTER_CONFIG_DIR": own / "config",
        "JUPYTER_RUNTIME_DIR": own / "runtime",
        "JUPYTERLAB_SETTINGS_DIR": own / "settings",
        "JUPYTERLAB_WORKSPACES_DIR": own / "workspaces",
    }
    drop = ("FTKIT_MODE", "JPY_SESSION_NAME")
    environment = {k: v for k, v in os.environ.items() if k not in drop} | {k: str(v) for k, v in places.items()}
    command = [
        sys.executable, "-m", app, "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}",
        "--ServerApp.port_retries=0", "--IdentityProvider.token=", "--LabApp.expose_app_in_browser=True",
        "--JupyterNotebookApp.expose_app_in_browser=True", f"--ServerApp.root_dir={folder}",
    ]  # fmt: skip
    with open(folder / ".server.log", "w") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(f"{address}/api/status", process, folder / ".server.log")
        yield address
    finally:
        process.terminate()
        process.wait(20)


def _wait(address: str, process, log: Path) -> None:
    for _ in range(300):
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.2)
    raise RuntimeError(f"Jupyter did not start:\n{log.read_text()[-3000:]}")


@contextmanager
def visitor(address: str, width: int = 1280, height: int = 1000):
    """A browser at that address; yields a Visit."""
    with sync_playwright() as tool:
        browser = tool.chromium.launch(executable_path=chromium(), headless=True, args=FLAGS)
        visit = Visit(browser.new_page(viewport={"width": width, "height": height}), address)
        try:
            yield visit
        finally:
            visit.leave()
            browser.close()


class Visit:
    """One page of JupyterLab, with an account of what it asked for and complained about.

    outside  addresses asked for that are not the server's
    errors   errors of the page and of its console
    """

    def __init__(self, page, address: str):
        self.page, self.address, self.outside, self.errors = page, address, [], []
        page.set_default_timeout(seconds(60) * 1000)
        page.on("request", self._asked)
        page.on("console", lambda message: message.type == "error" and self.errors.append(message.text))
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _asked(self, request) -> None:
        own = self.address.removeprefix("http")
        if not request.url.startswith(("data:", "blob:", f"http{own}", f"ws{own}")):
            self.outside.append(request.url)

    def open(self, notebook: str, where: str = "doc/tree") -> None:
        """Opens a notebook alone on the page, in JupyterLab or in Notebook 7 ("notebooks"); waits for its kernel."""
        self.page.goto(f"{self.address}/{where}/{notebook}?reset")
        self.idle()

    def idle(self) -> None:
        self.page.wait_for_function(f"{KERNEL}?.status === 'idle'", timeout=seconds(120) * 1000)

    def command(self, name: str, **arguments) -> None:
        self.page.evaluate("([name, all]) => window.jupyterapp.commands.execute(name, all)", [name, arguments])

    def run_to(self, words: str) -> None:
        """Runs every cell down to the first one with these words in its source, and waits for it."""
        self.page.evaluate(
            """async words => {
                const content = window.jupyterapp.shell.currentWidget.content;
                const at = content.widgets.findIndex(cell => cell.model.type === 'code'
                    && cell.model.sharedModel.getSource().includes(words));
                if (at < 0) throw new Error('no cell holds ' + words);
                content.activeCellIndex = at;
                await window.jupyterapp.commands.execute('notebook:run-all-above');
                content.activeCellIndex = at;
                await window.jupyterapp.commands.execute('notebook:run-cell');
                content.scrollToItem(at, 'start');
            }""",
            words,
        )

    def run_all(self) -> None:
        """Begins to run every cell, and does not wait."""
        self.page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }")

    def settle(self) -> None:
        """Waits until the kernel has had nothing to do for some seconds: between two cells it is idle, too."""
        calm = 0
        while calm < 5:
            self.idle()
            time.sleep(1)
            calm = calm + 1 if self.page.evaluate(f"{KERNEL}?.status") == "idle" else 0

    def failed(self) -> list[str]:
        """The last line of each cell that has ended in an error."""
        said = self.page.locator(".jp-Notebook [data-mime-type='application/vnd.jupyter.stderr']").all_inner_texts()
        return [text.strip().splitlines()[-1] for text in said if "Traceback" in text]

    def save(self) -> None:
        self.page.evaluate("() => window.jupyterapp.shell.currentWidget.context.save()")

    def text(self, css: str) -> str:
        return self.page.locator(css).first.inner_text()

    def wait_text(self, css: str, words: str, patience: float = 0) -> None:
        """Until the first element of that kind holds these words; `patience` in seconds."""
        self.page.wait_for_function(
            """([css, words]) => {
                const node = document.querySelector(css);
                return (node?.innerText ?? node?.textContent ?? '').includes(words);
            }""",
            arg=[css, words], timeout=(patience or seconds(60)) * 1000, polling=50,
        )  # fmt: skip

    def theme(self, name: str) -> None:
        self.command("apputils:change-theme", theme=name)
        dark = str("Dark" not in name).lower()
        self.page.wait_for_function(
            f"document.body.dataset.jpThemeLight === '{dark}' && !document.getElementById('jupyterlab-splash')"
        )

    def leave(self) -> None:
        """Ends the kernels that this page has started."""
        if self.page.url.startswith(self.address):
            self.page.evaluate("() => window.jupyterapp?.serviceManager.sessions.shutdownAll()")


def notebook(path: Path, *cells: str) -> None:
    """Writes a notebook of code cells."""
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(made, path)
