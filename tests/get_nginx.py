"""Installs Debian's nginx for the tests of the deployment, where there is none and it may."""

import os
import shutil
import subprocess
import sys

NO_NGINX = "No nginx for the tests of the deployment. Install nginx: apt-get install nginx-light."


def find() -> str | None:
    """The path of an nginx that is here already, else None."""
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def main() -> None:
    """Install it, if this is Debian and the user may."""
    apt_get = shutil.which("apt-get")
    if find() or apt_get is None or os.geteuid() != 0:
        return
    print("No nginx found: installing Debian's.", file=sys.stderr)
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    install = [apt_get, "install", "-y", "--no-install-recommends", "nginx-light"]
    for command in ([apt_get, "update"], install):
        subprocess.run(command, stdin=subprocess.DEVNULL, stdout=sys.stderr, env=env, check=False)


if __name__ == "__main__":
    main()
