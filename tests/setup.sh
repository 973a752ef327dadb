#!/bin/bash
# SPDX-License-Identifier: MIT
# Sourced by tests/run and examples/demo: Debian's packages (12 or later), asked for only
# when they are missing.  With nothing missing no network and no rights are needed.

# What builds and runs glip with its plugin ...
# shellcheck disable=SC2034 # for those who source this
build_packages=(
  meson ninja-build gcc pkg-config libc6-dev glslang-tools libvulkan-dev libvulkan1
  libglib2.0-dev libjson-glib-dev libzip-dev libgdk-pixbuf-2.0-dev
  libpango1.0-dev libcairo2-dev fonts-dejavu-core
  libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev gstreamer1.0-tools
  gstreamer1.0-plugins-base gstreamer1.0-plugins-good
)
# ... and what the tests want besides.
# shellcheck disable=SC2034
test_packages=(
  g++ spirv-tools vulkan-validationlayers codespell shellcheck
  python3-gi python3-gst-1.0 gir1.2-gst-plugins-base-1.0
)

setup_name=$0
setup_updated=0

as_root () {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo > /dev/null; then
    sudo "$@"
  else
    echo "$setup_name: \"$*\" needs root: become root, or install sudo or the packages" >&2
    return 1
  fi
}

# apt_install ARGUMENT...: says what, then installs it.
apt_install () {
  echo "$setup_name: installing $*"
  if [ "$setup_updated" = 0 ]; then
    as_root apt-get -q update
    setup_updated=1
  fi
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"
}

# Empty when it is not installed.
installed_version () {
  # shellcheck disable=SC2016 # dpkg-query expands it
  { dpkg-query -W -f '${db:Status-Status} ${Version}\n' "$1" 2> /dev/null || true; } |
    sed -n 's/^installed //p' | sed -n 1p
}

has_gpu_device () {
  local node
  for node in /dev/dri/renderD* /dev/nvidia0 /dev/dxg; do
    [ ! -e "$node" ] || return 0
  done
  return 1
}

release_codename () {
  # shellcheck source=/dev/null
  (. /etc/os-release && echo "${VERSION_CODENAME:-}")
}

# The mirror that the machine's own sources name.
find_mirror () {
  # shellcheck disable=SC2016 # apt expands it
  apt-get indextargets --format '$(REPO_URI)' 'Codename: bookworm' | sed -n 's,/*$,,; 1p'
}

# Debian 12's own CPU driver is of 2022 and six times slower than the one in backports.
install_driver_from_backports () {
  local list=/etc/apt/sources.list.d/bookworm-backports.list
  if ! grep -rqs bookworm-backports /etc/apt/sources.list /etc/apt/sources.list.d; then
    echo "$setup_name: adding $list"
    # From where this machine has its packages.
    echo "deb $(find_mirror) bookworm-backports main" |
      as_root tee "$list" > /dev/null
    setup_updated=0
  fi
  apt_install -t bookworm-backports mesa-vulkan-drivers
}

install_driver () {
  local version
  version=$(installed_version mesa-vulkan-drivers)
  if [ "$(release_codename)" = bookworm ] && ! has_gpu_device; then
    [[ $version != *bpo* ]] || return 0
    install_driver_from_backports && return 0
    echo "$setup_name: warning: no backports; Debian 12's own driver is slow" >&2
  fi
  [ -n "$version" ] || apt_install mesa-vulkan-drivers
}

# install_missing PACKAGE...: these and a Vulkan driver.
install_missing () {
  local package missing=()
  command -v dpkg-query > /dev/null || {
    echo "$setup_name: this is no Debian: install by yourself $*" >&2
    return 0
  }
  install_driver
  # Analytics metadata came with GStreamer 1.24.
  [ "$(release_codename)" = bookworm ] || set -- "$@" libgstreamer-plugins-bad1.0-dev
  for package; do
    [ -n "$(installed_version "$package")" ] || missing+=("$package")
  done
  [ "${#missing[@]}" -gt 0 ] || return 0
  # What GStreamer's headers need must be of the Mesa that the driver is of.
  if [[ $(installed_version mesa-vulkan-drivers) == *bpo* ]]; then
    apt_install -t bookworm-backports libdrm-dev libgbm-dev libwayland-dev \
      libegl-mesa0 libglx-mesa0 libgl1-mesa-dri
  fi
  apt_install "${missing[@]}"
}
