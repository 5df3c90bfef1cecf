//! The tables of Go's answers are what Go answers: made anew and compared.

use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn the_tables_are_what_go_answers() {
    for table in ["addresses", "networks", "yaml"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("go").join(table);
        let output = match Command::new("go").args(["run", "."]).current_dir(&folder).output() {
            Ok(output) => output,
            Err(error) if std::env::var_os("CI").is_some() => panic!("go does not run: {error}"),
            Err(_) => {
                eprintln!("skipped: install Go to compare tests/go/{table}/answers.json with what it answers");
                return;
            }
        };
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(String::from_utf8(output.stdout).unwrap(), fs::read_to_string(folder.join("answers.json")).unwrap());
    }
}
