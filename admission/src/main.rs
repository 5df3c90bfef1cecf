//! The program.

fn main() -> std::process::ExitCode {
    vpcguard::run()
}
