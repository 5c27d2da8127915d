# Tasks for people who work on the lab. `just` lists them.

default:
    @just --list

# What CI runs
ci:
    .ci/run

# Format, lint
lint:
    cargo fmt --all
    cargo clippy --workspace --all-targets -- --deny warnings
    cargo lab lint

# All tests
test *ARGUMENTS:
    cargo test --workspace {{ARGUMENTS}}

# The end-to-end tests only, e.g. `just e2e cluster::`
e2e *ARGUMENTS:
    cargo test --package lab-tests --test e2e -- {{ARGUMENTS}}

# The end-to-end tests that CI leaves out (tests/tests/ignored.txt): they download from the internet
asked:
    cargo test --package lab-tests --test e2e -- --ignored

# Prove the local provider on modern hosts, Debian 13, Ubuntu 24.04 and 26.04 (cgroup v2, AppArmor, every capability): virtual machines by software emulation; slow
vm:
    tests/vm/run trixie
    tests/vm/run noble
    tests/vm/run resolute

# Make a bundle in userlands of Debian 13, Ubuntu 24.04 and 26.04, with the tools that `lab doctor --fix` installs there
hosts:
    cargo build --package lab-provisioner --bin lab
    tests/hosts/run target/debug/lab

# The chapter with the other node images, Debian 12 and Ubuntu 24.04, and the Docker of each
images:
    cargo build --package lab-provisioner --bin lab
    tests/full/images.sh target/debug/lab

# Machines by Vagrant and Docker, with the whole chapter on them, and Kubernetes on two; all of it in namespaces of its own
vagrant-docker:
    cargo build --package lab-provisioner --bin lab
    tests/vagrant/docker target/debug/lab chapter4
    tests/vagrant/docker target/debug/lab kubernetes

# The disks of boxes for libvirt and VirtualBox: made twice and compared, booted in QEMU from a BIOS and from UEFI by software emulation; slow
vagrant-disk:
    cargo build --package lab-provisioner --bin lab
    LAB_TWICE=1 tests/vagrant/disk target/debug/lab

# Boxes for arm64 on amd64: made by lab of arm64 by QEMU's user emulation, the disk booted in its system emulation; very slow (LAB_PATIENCE)
vagrant-arm64:
    tests/vagrant/arm64

# Virtual machines by Vagrant and libvirt with software emulation, and the registry exercise on them, then Kubernetes, as one's own too; very slow (LAB_PATIENCE)
vagrant-libvirt:
    cargo build --package lab-provisioner --bin lab
    tests/vagrant/libvirt target/debug/lab
    tests/vagrant/libvirt target/debug/lab kubernetes

# The whole chapter on such machines, an hour and more; Java may crash in the emulator
vagrant-libvirt-chapter:
    cargo build --package lab-provisioner --bin lab
    tests/vagrant/libvirt target/debug/lab chapter4

# What a command costs beside OpenSSH and the bare command, and what nodes cost; with `lab` as it is built for others
compare:
    cargo build --release --package lab-provisioner --bin lab
    tests/compare/command-overhead.sh target/release/lab
    tests/compare/node-times.sh target/release/lab
    tests/compare/chapter.sh target/release/lab
    tests/compare/kubernetes.sh target/release/lab
    tests/compare/vagrant.sh target/release/lab chapter4/registry

# What takes too long for CI: the chapter's checks proved three times and sabotaged, the program installed, the other kind of host, the comparison
full: ci asked images hosts vm vagrant-docker vagrant-disk vagrant-libvirt compare
    cargo lab run chapter4 --yes
    cargo lab test chapter4 --repeat 3
    cargo lab test chapter4 --sabotage
    cargo lab bundle build --kubernetes 1.36 --yes
    VERSION=1.36 WORKERS=1 ROUNDS=1 tests/compare/kubernetes.sh
    tests/full/minor.sh target/debug/lab 1.36
    cargo lab down --yes
    cargo install --path provisioner --locked --root target/installed
    target/installed/bin/lab doctor
