# Says `shared` where this machine is a container that sees the control groups of its host: its first process is not at their root.
if [ -e /run/systemd/container ] && grep -qvE ':/(init\.scope)?$' /proc/1/cgroup; then echo shared; fi
