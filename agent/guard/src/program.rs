//! Programs of the system, run for a moment.

use crate::{GuardError, System};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// Where programs are.
const FOLDERS: [&str; 4] = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];
/// One that takes longer is given up.
const PATIENCE: Duration = Duration::from_secs(30);
/// So much of what it says on standard error is passed on, in characters.
const SAID_MAX: usize = 400;

impl System {
    /// Runs a program with arguments and something to read, and gives what it wrote.
    ///
    /// # Errors
    /// [`GuardError::Missing`] where it is not installed, else [`GuardError::Program`].
    pub(crate) async fn run(
        &self,
        program: &'static str,
        arguments: &[&str],
        input: &str,
    ) -> Result<String, GuardError> {
        let path = FOLDERS.iter().map(|folder| format!("{folder}/{program}")).find(|path| self.at(path).is_file());
        let path = self.at(&path.ok_or(GuardError::Missing(program))?);
        let failed = |said: String| GuardError::Program { program, said };
        let mut command = Command::new(path);
        command.args(arguments).env_clear().env("PATH", FOLDERS.join(":")).env("LC_ALL", "C.UTF-8");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let ran = async {
            let mut child = command.spawn()?;
            if let Some(mut stdin) = child.stdin.take() {
                // One that does not read says by its exit what it thinks.
                let _ = stdin.write_all(input.as_bytes()).await;
            }
            child.wait_with_output().await
        };
        let done = tokio::time::timeout(PATIENCE, ran).await;
        let done = done.map_err(|_| failed(format!("no end within {} s", PATIENCE.as_secs())))?;
        let done = done.map_err(|error| failed(error.to_string()))?;
        if done.status.success() {
            return Ok(String::from_utf8_lossy(&done.stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&done.stderr);
        Err(failed(format!("{}: {}", done.status, said.trim().chars().take(SAID_MAX).collect::<String>())))
    }
}
