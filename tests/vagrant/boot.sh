# Boots the disk in a box in QEMU by software emulation, from the firmware on, until SSH answers as the user vagrant with Vagrant's key,
# and asks it how it is. Sourced by tests/vagrant/disk and tests/vagrant/arm64, which set `work` (a directory that goes with them),
# `boxes` (where the boxes are) and `bare` (not empty: there is no lab in them).
patience=${LAB_PATIENCE:-4}
port=${LAB_VM_PORT:-22623}
machine=
stop() {
  [ -z "$machine" ] || { kill "$machine" && wait "$machine"; } 2>/dev/null || true
  machine=
}
say() { printf '\n== %s (%s s)\n' "$*" "$SECONDS"; }
# Vagrant's key, which is public, in the package of Vagrant.
key=$(find /usr/share /opt/vagrant -path '*/keys/vagrant' -print -quit 2>/dev/null || true)
[ -n "$key" ] || { echo "missing: Vagrant's key (apt-get install vagrant)"; exit 4; }
install -m 600 "$key" "$work/key"
on() { ssh -i "$work/key" -o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no -o LogLevel=ERROR -o ConnectTimeout=20 -p "$port" vagrant@127.0.0.1 "$@"; }

boots() { # BIOS|UEFI PROVIDER DISK QEMU...    in QEMU's words DISK is the disk, and the network is called n
  local firmware=$1 provider=$2 disk=$3 since=$SECONDS
  shift 3
  say "boot the disk of the box for $provider from $firmware"
  mkdir "$work/$provider"
  tar --extract --file "$(ls "$boxes"/*-"$provider".box)" --directory "$work/$provider"
  ls -l "$work/$provider"
  "${@//DISK/$work/$provider/$disk}" -accel tcg,thread=multi -smp 2 -m 1G -display none -serial "file:$work/console" -no-reboot -snapshot \
    -netdev "user,id=n,restrict=on,hostfwd=tcp:127.0.0.1:$port-:22" </dev/null &
  machine=$!
  until on true 2>/dev/null; do
    kill -0 "$machine" || { tail -20 "$work/console"; exit 3; }
    [ $((SECONDS - since)) -lt $((300 * patience)) ] || { tail -40 "$work/console"; echo "it never answered"; exit 3; }
    sleep 2
  done
  echo "ssh as vagrant after $((SECONDS - since)) s"

  if [ -z "$bare" ]; then
    on tee cluster.yaml <"$work/project/cluster.yaml" >/dev/null
    on 'lab --version && lab bundle list'
  fi
  on "test $firmware = BIOS -a ! -e /sys/firmware/efi || test $firmware = UEFI -a -e /sys/firmware/efi" || { echo "not started from $firmware"; exit 3; }
  on 'set -e; test "$(sudo whoami)" = root; uname --kernel-release --machine; findmnt --noheadings --output SOURCE,FSTYPE,SIZE /; lsmod | grep -o "^overlay\|^br_netfilter"
    sudo timeout 1200 sh -c "until docker info >/dev/null 2>&1; do sleep 2; done"; sudo docker info --format "{{.ServerVersion}} {{.Driver}} {{.Architecture}}"; systemctl --failed --no-legend; ip -4 -brief address'
  echo "Docker answers after $((SECONDS - since)) s"
  stop
  rm -r "${work:?}/$provider"
}
