#!/usr/bin/env bash
# Builds a free-threaded CPython from Debian's source package, to build and test zmqpy with:
#   tools/free_threaded_python.sh FOLDER [PACKAGE [SUITE]]
# FOLDER/python is what it installs; PACKAGE is python3.13 and SUITE trixie unless said otherwise. The system's own package lists stay
# as they are: apt's state for this lives in FOLDER. Needs a C compiler and the -dev packages of what the standard library
# is to have (zlib1g-dev, libssl-dev, libffi-dev, libbz2-dev, liblzma-dev, libsqlite3-dev). Nothing is installed elsewhere.
set -euo pipefail
folder=$(mkdir -p "$1" && cd "$1" && pwd)
package=${2:-python3.13}
suite=${3:-trixie}
cd "$folder"
mkdir -p apt/lists/partial apt/cache/archives/partial
printf 'deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian %s main\n' "$suite" >apt/sources.list
options=(
  -o Dir::Etc::SourceList="$folder/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists="$folder/apt/lists"
  -o Dir::Cache="$folder/apt/cache" -o APT::Sandbox::User=root
)
apt-get "${options[@]}" -qq update
rm -rf source
mkdir source
(cd source && apt-get "${options[@]}" -qq --download-only --tar-only source "$package")
# Without Debian's patches: they are for Debian's folders.
archives=(source/*.orig.tar.*)
tar -xf "${archives[0]}" -C source --strip-components=1
cd source
./configure --quiet --disable-gil --prefix="$folder/python" --without-ensurepip >/dev/null
make --silent -j"$(nproc)" >/dev/null
make --silent install >/dev/null
"$folder/python/bin/python3" -c 'import sys, sysconfig
assert sysconfig.get_config_var("Py_GIL_DISABLED"), "not a free-threaded build"
print(sys.executable, sys.version)'
