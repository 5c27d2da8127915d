//! GRUB as firmware starts it: one program that finds the file system by its number and reads its configuration there. Made by the
//! grub-mkimage of the machine's own tree.

use std::fs;
use std::path::Path;

use super::super::program;
use super::failed;
use crate::bundle::machine::NUMBER;
use crate::error::Result;

/// What GRUB has in it, whatever starts it.
const MODULES: [&str; 10] = [
    "part_msdos",
    "ext2",
    "search",
    "search_fs_uuid",
    "normal",
    "configfile",
    "linux",
    "echo",
    "test",
    "minicmd",
];

/// Writes GRUB in this format, with `more` modules, to `output` in the tree.
pub fn image(format: &str, more: &[&str], output: &str, root: &Path, temporary: &Path) -> Result<()> {
    let early = root.join("tmp/early.cfg");
    let text = format!("search.fs_uuid {NUMBER} root\nset prefix=($root)/boot/grub\n");
    fs::write(&early, text).map_err(failed(&early))?;
    let (format, output) = (format!("--format={format}"), format!("--output={output}"));
    let fixed = [
        "grub-mkimage",
        &format,
        "--prefix=/boot/grub",
        "--config=/tmp/early.cfg",
        &output,
    ];
    let words = fixed.iter().chain(&MODULES).chain(more);
    let argv: Vec<String> = words.map(|word| (*word).to_owned()).collect();
    program::run(&argv, Some(root), temporary, |_| ()).map(drop)
}
