"""Puts libmtl_infer into the wheel and names the wheel after the platform."""
import os
import shutil
import subprocess
import sysconfig
from pathlib import Path
from tempfile import TemporaryDirectory

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FILE_NAME = "libmtl_infer.so"


class LibraryHook(BuildHookInterface):
    """Takes the library from MTL_INFER_LIBRARY, else from the checkout, where it is built if it is missing."""

    def initialize(self, version, build_data):
        library = self.library()
        build_data["pure_python"] = False
        build_data["tag"] = "py3-none-" + sysconfig.get_platform().replace("-", "_").replace(".", "_")
        if version == "editable":
            return  # the package finds the checkout's library itself, always the newest one
        self.folder = TemporaryDirectory()
        copy = Path(self.folder.name) / FILE_NAME
        shutil.copyfile(library, copy)
        if shutil.which("strip"):
            subprocess.run(["strip", "--strip-unneeded", str(copy)], check=True)
        build_data["force_include"][str(copy)] = f"mtl_infer/{FILE_NAME}"

    def finalize(self, version, build_data, artifact_path):
        if version != "editable":
            self.folder.cleanup()

    def library(self):
        checkout = Path(self.root).resolve().parent.parent
        override = os.environ.get("MTL_INFER_LIBRARY")
        library = Path(override) if override else checkout / ".build" / "release" / FILE_NAME
        if not library.exists() and not override and (checkout / "Package.swift").exists():
            # No RUNPATH: the library needs nothing beside it.
            command = ["swift", "build", "-c", "release", "--product", "mtl_infer", "--disable-local-rpath"]
            subprocess.run(command, cwd=checkout, check=True)
        if not library.exists():
            raise FileNotFoundError(f"{library}: build it first, or set MTL_INFER_LIBRARY")
        return library
