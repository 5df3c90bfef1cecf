//! The types of the package, by TypeScript.

use std::fs;
use std::process::Command;

use crate::package::{folder, root, success, tools};

#[test]
fn a_program_with_the_types_compiles_and_one_against_them_does_not() {
    let (Some(package), Some(tools)) = (folder(), tools()) else { return };
    let project = tempfile::tempdir().unwrap();
    let modules = project.path().join("node_modules");
    fs::create_dir_all(modules.join("@types")).unwrap();
    std::os::unix::fs::symlink(package, modules.join("vpcguard")).unwrap();
    std::os::unix::fs::symlink(tools.join("node_modules/@types/node"), modules.join("@types/node")).unwrap();
    let tsc = |module: &str, file: &str| {
        fs::copy(root().join("tests/npm/types").join(file), project.path().join(file)).unwrap();
        let mut tsc = Command::new("node");
        tsc.arg(tools.join("node_modules/typescript/bin/tsc"));
        tsc.args([
            "--noEmit",
            "--strict",
            "--exactOptionalPropertyTypes",
            "--skipLibCheck",
            "false",
            "--target",
            "es2022",
        ]);
        tsc.args(["--module", module, "--moduleResolution", if module == "esnext" { "bundler" } else { module }, file]);
        tsc.current_dir(project.path());
        tsc
    };
    success(&mut tsc("node16", "right.mts"));
    success(&mut tsc("node16", "right.cts"));
    success(&mut tsc("esnext", "browser.ts"));
    let refused = String::from_utf8(tsc("node16", "wrong.mts").output().unwrap().stdout).unwrap();
    let wrong = fs::read_to_string(root().join("tests/npm/types/wrong.mts")).unwrap();
    for (at, _) in wrong.lines().enumerate().filter(|(_, line)| line.ends_with("// wrong")) {
        assert!(refused.contains(&format!("wrong.mts({},", at + 1)), "line {}\n{refused}", at + 1);
    }
}
