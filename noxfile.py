"""What can be done to the project: `nox -s tests`, `nox -s lint`, ..."""

import shutil
import tempfile
from pathlib import Path

import nox

nox.options.sessions = ["tests", "lint", "types"]
nox.options.default_venv_backend = "virtualenv"
nox.needs_version = ">=2025.2.9"

PYPROJECT = nox.project.load_toml()
EXTRAS = ".[heic,offline,serve,tiff]"
"""The project with the extras that the tests use."""
LOCK = Path(".ci/requirements.txt")
"""Every dependency with its version, as `nox -s lock` found them."""


def dependencies(group: str) -> list[str]:
    """Return the requirements of one group in pyproject.toml."""
    return nox.project.dependency_groups(PYPROJECT, group)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests."""
    session.install(EXTRAS, *dependencies("tests"))
    session.run("pytest", "-n", "2", *session.posargs)


@nox.session
def page(session: nox.Session) -> None:
    """Check the pages in a browser, their types, and the API; needs npm and Chromium."""
    session.install(".[gradio,offline]", *dependencies("tests"), *dependencies("page"))
    packages = Path(session.create_tmp())
    needed = ("typescript@7", "axe-core@4")
    session.run("npm", "install", "--prefix", str(packages), *needed, external=True)
    modules = packages / "node_modules"
    tsc = ("node", str(modules / "typescript" / "bin" / "tsc"))
    strict = ("--noEmit", "--allowJs", "--checkJs", "--strict", "--target", "esnext")
    found = (
        "--module",
        "esnext",
        "--moduleResolution",
        "bundler",
        "--lib",
        "esnext,dom,dom.iterable",
    )
    scripts = map(str, Path("artstyle/serving/page").glob("*.js"))
    session.run(*tsc, *strict, *found, *scripts, external=True)
    axe = {"ARTSTYLE_AXE": str((modules / "axe-core" / "axe.min.js").resolve())}
    session.run("pytest", "tests/serving", *session.posargs, env=axe)


@nox.session
def containers(session: nox.Session) -> None:
    """Run the images' lines and the whole service behind nginx; needs nginx, Node and npm."""
    session.install(EXTRAS, *dependencies("tests"))
    allowed = {"ARTSTYLE_CONTAINERS": "1"}
    session.run("pytest", "tests/docker", *session.posargs, env=allowed)


@nox.session
def cluster(session: nox.Session) -> None:
    """Make shards in a bucket, and on a Ray cluster that loses a worker and a node."""
    session.install(".[offline,ray]", *dependencies("tests"), *dependencies("cluster"))
    session.run("pytest", "tests/archive", *session.posargs, env={"ARTSTYLE_RAY": "1"})


@nox.session
def soak(session: nox.Session) -> None:
    """Run what takes long: property tests on fresh examples, and a service under load."""
    session.install(EXTRAS, *dependencies("tests"))
    soaked = ("-m", "hypothesis", "--hypothesis-profile", "soak")
    session.run("pytest", "-n", "2", *soaked, *session.posargs)
    session.run("python", "-m", "tests.serving.soak")


@nox.session
def lint(session: nox.Session) -> None:
    """Check the code's form."""
    session.install(*dependencies("lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check the code's types, as they are on each operating system."""
    session.install(".[offline,serve]", *dependencies("types"))
    for platform in ("linux", "win32", "darwin"):
        session.run("mypy", "--platform", platform)
    # A user's script sees the installed package and its py.typed, not this folder.
    script = Path(shutil.copy("tests/typed_script.py", session.create_tmp())).resolve()
    session.chdir(script.parent)
    session.run("mypy", "--strict", script.name)


@nox.session
def build(session: nox.Session) -> None:
    """Build sdist and wheel, install the wheel in a fresh environment and run it elsewhere."""
    session.install("build", "twine")
    with tempfile.TemporaryDirectory() as folder:
        session.run("python", "-m", "build", "--outdir", folder)
        session.run("twine", "check", "--strict", *map(str, Path(folder).iterdir()))
        wheel = next(Path(folder).glob("*.whl"))
        session.install(f"{wheel}[offline]")
        session.chdir(folder)
        session.run("artstyle", "demo")


@nox.session
def docs(session: nox.Session) -> None:
    """Write the reference from the code and build the site; warnings are errors."""
    session.install(".[offline]", *dependencies("docs"))
    session.run("python", "-m", "docs.generate")
    strict = ("--fail-on-warning", "--keep-going", "--nitpicky")
    session.run("sphinx-build", *strict, "docs", "docs/_build/html")


@nox.session
def notebooks(session: nox.Session) -> None:
    """Run the notebooks of the docs from top to bottom; `-- --write` keeps their output."""
    session.install(".[offline]", *dependencies("notebooks"))
    session.run("python", "-m", "docs.execute", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Compare artstyle's speed with its peers': `nox -s bench -- predict --pictures 200`."""
    session.install(".[offline]", *dependencies("bench"))
    session.run("python", "-m", "tests.benchmarks", *session.posargs)


@nox.session
def gpu(session: nox.Session) -> None:
    """Run what needs a GPU: the tests of tests/accelerator, then their benchmark."""
    session.install(".[offline]", *dependencies("tests"))
    session.run("python", "-m", "tests.accelerator", *session.posargs)


@nox.session
def coverage(session: nox.Session) -> None:
    """Run the tests and list the lines of the core, not of the command line, that none reaches."""
    session.install(EXTRAS, *dependencies("tests"))
    report = ("--cov=artstyle", "--cov-report=term-missing:skip-covered", "--cov-fail-under=90")
    session.run("pytest", "-n", "2", *report, *session.posargs)


@nox.session
def lock(session: nox.Session) -> None:
    """Record versions of all dependencies that work together."""
    session.install(".[heic,mlflow,offline,parquet,serve,tensorboard,tiff,wandb]")
    pinned = session.run("pip", "freeze", "--exclude", "artstyle", silent=True) or ""
    LOCK.write_text(f"{LOCK.read_text().splitlines()[0]}\n{pinned}", encoding="utf-8")


@nox.session
def audit(session: nox.Session) -> None:
    """Look up known vulnerabilities of the locked dependencies; needs the network."""
    session.install("pip-audit")
    try:
        # Strict: a package that the service does not know counts as not audited.
        session.run("pip-audit", "--strict", "-r", str(LOCK), "--no-deps", "--disable-pip")
    except nox.command.CommandFailed:
        session.error("see above: vulnerabilities, or why the service could not be asked")
