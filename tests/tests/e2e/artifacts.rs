//! Programs of the bundle from their sources: one too slow to be started unasked, a real build of a
//! small program, and the bundle of it carried to a machine without a network.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use lab_tests::module::serve;
use lab_tests::seat::Seat;
use libtest_mimic::Trial;

use super::{CHAPTER, as_root, booting, needing, program};

/// The smallest node image there is, and no other image.
const BASE: &str = "artifacts:
  - {name: debian-13, kind: rootfs, sources: [{debian: {suite: trixie, packages: []}}]}
";

/// A Kubernetes of one program in Go, one in C, one of Debian, and an image.
pub const SMALL: &str = r#"
versions: [{version: 1.2.3}]
programs: {/usr/local/bin/hello: "hello-${version}", /usr/local/bin/kubeadm: "hello-${version}"}
artifacts:
  - name: hello-${version}
    kind: binary
    sources:
      - download: {url: "http://127.0.0.1:9/hello", digest: "http://127.0.0.1:9/hello.sha256", version: "v${version}", unproved: true}
      - go: {module: example.org/hello, version: "v${version}", package: ., ldflags: [-s, -w, -X, "main.version=v${version}"], usual: {seconds: 100}}
  - name: wait-${version}
    kind: binary
    sources: [{c: {from: {module: {module: example.org/hello, version: "v${version}", file: wait.c}}, flags: [-Os, "-DVERSION=v${version}"]}}]
  - name: busybox
    kind: binary
    says: {arguments: [--help], text: BusyBox}
    sources: [{debian: {suite: trixie, packages: [busybox-static], file: /usr/bin/busybox}}]
  - name: registry.example.org/group/hello:v${version}
    kind: oci-image
    sources: []
    version: v${version}
    binaries: {/hello: "hello-${version}", /wait: "wait-${version}"}
    run: {entrypoint: [/hello]}
"#;

/// All tests of this file.
pub fn tests() -> Vec<Trial> {
    let building = |name: &str, test: fn()| needing(needing(booting(name, test), "mmdebstrap"), "go");
    vec![
        as_root("artifacts::a_long_build_is_not_begun_unasked", unasked),
        building(
            "artifacts::a_killed_build_ends_its_compiler_and_leaves_nothing",
            killed,
        ),
        building("artifacts::programs_are_built_once_and_carried_elsewhere", small),
    ]
}

pub struct Place {
    pub seat: Seat,
    pub path: PathBuf,
}

impl Place {
    /// A seat with the recipes above, an empty cache, and a PATH with everything of this machine but Go.
    pub fn new() -> Self {
        let seat = Seat::new(program(), &CHAPTER).unwrap();
        let bundle = seat.project().join("labs/bundle");
        fs::create_dir_all(&bundle).unwrap();
        fs::write(bundle.join("bundle.yaml"), BASE).unwrap();
        fs::write(bundle.join("kubernetes.yaml"), SMALL).unwrap();
        let path = seat.project().join("bin");
        fs::create_dir(&path).unwrap();
        for directory in std::env::split_paths(&std::env::var_os("PATH").unwrap()) {
            for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
                if entry.file_name() != "go" {
                    let _ = symlink(entry.path(), path.join(entry.file_name()));
                }
            }
        }
        Self { seat, path }
    }

    /// Puts a `go` in PATH that answers like version `version`, and does `build` when it is to build.
    pub fn go(&self, version: &str, build: &str) {
        let module = self.seat.project().join("module");
        fs::create_dir(&module).unwrap();
        fs::write(module.join("go.mod"), "module example.org/hello\n").unwrap();
        let environment =
            format!(r#"{{"GOVERSION": "go{version}", "GOCACHE": "/nowhere", "GOMODCACHE": "/nowhere"}}"#);
        let downloaded = format!(r#"{{"Dir": "{0}", "GoMod": "{0}/go.mod"}}"#, module.display());
        let script = format!(
            "#!/bin/sh\ncase \"$1\" in\n    env) echo '{environment}' ;;\n    mod) echo '{downloaded}' ;;\n    list) echo 1.24.0 ;;\n    build) {build} ;;\nesac\n"
        );
        fs::write(self.path.join("go"), script).unwrap();
        fs::set_permissions(self.path.join("go"), fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn cache(&self) -> PathBuf {
        self.seat.state().join("cache")
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.seat.command(arguments);
        command
            .env("PATH", &self.path)
            .env_remove("LAB_GO")
            .env("XDG_CACHE_HOME", self.cache());
        command
    }

    /// Nothing was made.
    pub fn nothing_made(&self) {
        let made = fs::read_dir(self.cache().join("lab/bundle/artifacts"));
        assert_eq!(made.into_iter().flatten().count(), 0, "something was made");
    }
}

fn unasked() {
    let place = Place::new();
    place.go("1.26.0", "exit 1");
    let build = place.command(&["bundle", "build", "--kubernetes", "1.2.3"]);
    let ran = place.seat.run(build).code(3);
    ran.says("hello-1.2.3: go example.org/hello@v1.2.3, about")
        .says("2 programs have to be compiled")
        .says("--yes");
    place.nothing_made();
}

fn killed() {
    let place = Place::new();
    let mark = place.seat.project().join("compiler");
    place.go(
        "1.26.0",
        &format!(
            "echo $$ > {0}.new; mv {0}.new {0}; exec sleep 300",
            mark.display()
        ),
    );
    let mut build = place.command(&["bundle", "build", "--kubernetes", "--yes"]);
    let mut child = build.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let compiler = until("the compiler runs", || fs::read_to_string(&mark).ok());
    let process = Path::new("/proc").join(compiler.trim());
    assert!(process.exists());
    child.kill().unwrap();
    child.wait().unwrap();
    until("the compiler is gone", || (!process.exists()).then_some(()));
    let refs = fs::read_dir(place.cache().join("lab/bundle/artifacts")).unwrap();
    for entry in refs.flatten() {
        let about = fs::read_to_string(entry.path().join("artifact.json")).unwrap();
        assert!(!about.contains("hello-1.2.3"), "{about}");
    }
}

fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let since = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(
            since.elapsed() < Duration::from_secs(300),
            "not within five minutes: {what}"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Says hello, and as kubeadm which image it wants.
const MAIN: &str = "package main\n\nimport \"fmt\"\n\nvar version = \"none\"\n\nfunc main() {\n\tprintln(\"hello\", version)\n\tfmt.Println(\"registry.example.org/group/hello:v1.2.3\")\n}\n";
const WAIT: &str = "#include <stdio.h>\n#define TEXT(x) #x\n#define SHOWN(x) TEXT(x)\nint main(void) { puts(SHOWN(VERSION)); return 0; }\n";

fn small() {
    let mut place = Place::new();
    place.path = PathBuf::from(std::env::var_os("PATH").unwrap());
    let modules = place.seat.project().join("modules");
    let files = [
        ("go.mod", "module example.org/hello\n\ngo 1.21\n"),
        ("main.go", MAIN),
        ("wait.c", WAIT),
    ];
    serve(&modules, "example.org/hello", "v1.2.3", &files).unwrap();
    let lab = |arguments: &[&str], cut_off: bool| {
        let mut command = place.command(arguments);
        if cut_off {
            let lab = command;
            command = Command::new("unshare");
            command.arg("--net").arg(lab.get_program()).args(lab.get_args());
            command = place.seat.in_here(command);
            command.env("XDG_CACHE_HOME", place.seat.state().join("other-cache"));
        } else {
            command
                .env("GOPROXY", format!("file://{}", modules.display()))
                .env("GONOSUMDB", "*")
                .env("GOMODCACHE", place.seat.state().join("nothing-there"));
        }
        place.seat.run(command)
    };
    let build = ["bundle", "build", "--kubernetes", "--yes"];
    let first = lab(&build, false).passes();
    first
        .clone()
        .says("127.0.0.1:9")
        .says("hello-1.2.3: go example.org/hello@v1.2.3")
        .prints("registry.example.org/group/hello:v1.2.3")
        .prints("kubernetes-1.2.3");
    let again = lab(&build, false).passes().without("make hello");
    assert_eq!(again.stdout, first.stdout);

    let stick = place.seat.project().join("stick.bundle");
    let stick = stick.to_str().unwrap();
    lab(&["bundle", "export", stick, "--kubernetes"], false).passes();
    lab(&["bundle", "import", stick], true).passes();
    let there = lab(&["bundle", "verify", "--kubernetes", "--offline"], true).passes();
    assert_eq!(there.stdout, first.stdout);
    // Where Go kept nothing yet, it keeps things where `lab clean` finds them.
    for part in ["build", "modules"] {
        assert!(place.cache().join("lab/go").join(part).is_dir());
    }
    assert!(!place.cache().join("go-build").exists() && !place.seat.state().join("nothing-there").exists());
    runs(&place.seat.state().join("other-cache/lab/bundle/artifacts"));

    lab(&["bundle", "lock", "--kubernetes"], false).passes();
    let lock = fs::read_to_string(place.seat.project().join("bundle.lock")).unwrap();
    assert!(lock.contains("\"example.org/hello\": \"v1.2.3\""), "{lock}");
    assert!(lock.contains("\"busybox-static\": \"1:1."), "{lock}");
    lab(&["bundle", "build", "--kubernetes", "--yes", "--locked"], false).passes();

    let others = SMALL.replace("group/hello", "group/other");
    place.seat.write("labs/bundle/kubernetes.yaml", others).unwrap();
    lab(&build, false)
        .code(3)
        .says("the recipes do not make the images kubeadm 1.2.3 wants")
        .says("lacking: registry.example.org/group/hello:v1.2.3; not asked for: registry.example.org/group/other:v1.2.3");
}

/// The programs of a node, unpacked from where they were carried to, say the version they were built with.
fn runs(artifacts: &Path) {
    let archive = fs::read_dir(artifacts)
        .unwrap()
        .flatten()
        .map(|entry| entry.path().join("programs.tar.zst"))
        .find(|path| path.is_file())
        .unwrap();
    let root = tempfile::tempdir().unwrap();
    let unpacked = Command::new("tar")
        .arg("--zstd")
        .arg("-xf")
        .arg(archive)
        .arg("-C")
        .arg(root.path())
        .status();
    assert!(unpacked.unwrap().success());
    let said = Command::new(root.path().join("usr/local/bin/hello"))
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&said.stderr), "hello v1.2.3\n");
}
