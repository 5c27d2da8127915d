# Sourced: userlands of other distributions, as directories, for tests of hosts that are not this one.

# userland SUITE DIRECTORY PACKAGES: a new tree of Debian's or Ubuntu's suite with these packages, without devices.
userland() {
  local suite=$1 root=$2 packages sources=() keys=()
  packages=$(tr -s ' \n' , <<<"$3")
  case $suite in
  noble | resolute)
    # Debian's package vouches for Ubuntu's keys.
    keys=(--keyring="$root.keys")
    mmdebstrap --quiet --variant=extract --include=ubuntu-keyring trixie - |
      tar --extract --to-stdout ./usr/share/keyrings/ubuntu-archive-keyring.gpg >"$root.keys"
    for pocket in "" -updates -security; do
      sources+=("deb ${LAB_UBUNTU_MIRROR:-http://archive.ubuntu.com/ubuntu} $suite$pocket main universe")
    done
    ;;
  *) sources=("deb ${LAB_DEBIAN_MIRROR:-http://deb.debian.org/debian} $suite main") ;;
  esac
  # apt's own user may not be able to read the keys.
  unshare --mount mmdebstrap --variant=minbase --aptopt='APT::Sandbox::User "root"' "${keys[@]}" --include="${packages%,}" \
    "$suite" "$root.tar" "${sources[@]}" >"$root.log" 2>&1 || { cat "$root.log"; return 1; }
  mkdir -p "$root"
  tar --extract --file "$root.tar" --directory "$root" --exclude './dev/*'
  rm -f "$root.tar" "$root.keys" "$root.log"
}

# within DIRECTORY SCRIPT: runs it as root of that tree, in namespaces that end with it. Devices are this machine's, and none can be taken away.
within() {
  unshare --mount --propagation private --pid --fork --kill-child sh -euc '
    mount --bind "$1" "$1"
    mount -t proc proc "$1/proc"
    mount --rbind /sys "$1/sys"
    mount --rbind /dev "$1/dev"
    mount -o remount,bind,ro "$1/dev"
    exec chroot "$1" sh -euc "$2"' sh "$1" "$2"
}
