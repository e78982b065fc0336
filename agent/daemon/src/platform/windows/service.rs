//! The service control manager above the agent, as systemd is on Linux.

// The one line of it is in the macro that declares the entry point which Windows calls (decision 0012); none is ours.
#![allow(unsafe_code)]

use super::private;
use crate::error::Error;
use crate::platform::Job;
use crate::supervisor::Supervisor;
use std::ffi::OsString;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use windows_service::service::{
    ServiceAccess, ServiceAction, ServiceActionType, ServiceControl, ServiceControlAccept, ServiceExitCode,
    ServiceFailureActions, ServiceFailureResetPeriod, ServiceState, ServiceStatus, ServiceType,
};
use windows_service::service_control_handler::{self, ServiceControlHandlerResult, ServiceStatusHandle};
use windows_service::service_manager::{ServiceManager, ServiceManagerAccess};
use windows_service::{define_windows_service, service_dispatcher};

/// The service's name; the installer gives it the same.
pub(super) const NAME: &str = "CartableAgent";
/// How long a start or a stop may take before it is taken for stuck.
const PATIENCE: Duration = Duration::from_secs(30);
/// After how long the service is started again that has failed once, twice, and more often in a day.
const AGAIN: [Duration; 3] = [Duration::from_secs(5), Duration::from_secs(60), Duration::from_secs(300)];
/// After how long without a failure the count begins anew.
const FORGOTTEN: Duration = Duration::from_secs(86_400);
/// `ERROR_FAILED_SERVICE_CONTROLLER_CONNECT`: started by a person.
const NO_CONTROLLER: i32 = 1063;

type Run = fn(Job) -> Result<(), Error>;

/// What the entry point, which takes no such thing, is to run.
static WORK: Mutex<Option<(Run, Job)>> = Mutex::new(None);
static ENDED: Mutex<Option<Result<(), Error>>> = Mutex::new(None);
static STOP: LazyLock<watch::Sender<bool>> = LazyLock::new(|| watch::Sender::new(false));
static UNDER: AtomicBool = AtomicBool::new(false);

define_windows_service!(entered, main);

/// Runs under the service control manager if it started this process, else for a person.
pub(super) fn serve(run: Run, job: Job) -> Result<(), Error> {
    *WORK.lock().unwrap_or_else(PoisonError::into_inner) = Some((run, job));
    match service_dispatcher::start(NAME, entered) {
        Ok(()) => ENDED.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or(Ok(())),
        Err(windows_service::Error::Winapi(error)) if error.raw_os_error() == Some(NO_CONTROLLER) => {
            match WORK.lock().unwrap_or_else(PoisonError::into_inner).take() {
                Some((run, job)) => run(job),
                None => Ok(()),
            }
        }
        Err(error) => Err(Error::System(io::Error::other(error))),
    }
}

/// Whether the service control manager started this process.
pub(super) fn under() -> bool {
    UNDER.load(Ordering::Relaxed)
}

/// Ends when the service control manager asks for it.
pub(super) async fn stopped() {
    let _ = STOP.subscribe().wait_for(|stop| *stop).await;
}

fn main(_: Vec<OsString>) {
    let Some((run, job)) = WORK.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
    UNDER.store(true, Ordering::Relaxed);
    let asked = |control| match control {
        ServiceControl::Stop | ServiceControl::Shutdown | ServiceControl::Preshutdown => {
            STOP.send_replace(true);
            ServiceControlHandlerResult::NoError
        }
        ServiceControl::Interrogate => ServiceControlHandlerResult::NoError,
        _ => ServiceControlHandlerResult::NotImplemented,
    };
    let Ok(handle) = service_control_handler::register(NAME, asked) else { return };
    let manager = Manager(handle);
    manager.tell(ServiceState::StartPending, 0);
    let kept = kept();
    // An agent that waits keeps nothing yet, and everybody may make a folder of this name until it is there.
    let home = private::folder_make(&private::home());
    let ended = run(Job { supervisor: Arc::new(manager), ..job });
    if let Err(error) = kept {
        tracing::warn!(%error, "Windows cannot be told to start the agent again when it fails");
    }
    if let Err(error) = home {
        tracing::warn!(%error, folder = %private::home().display(), "this folder cannot be kept from others");
    }
    if let Err(error) = &ended {
        tracing::error!(%error, "the agent cannot run");
    }
    let code = ended.as_ref().err().map_or(0, |error| u32::from(error.exit_code()));
    // Told before the process ends: the manager starts again by itself what failed.
    *ENDED.lock().unwrap_or_else(PoisonError::into_inner) = Some(ended);
    manager.tell(ServiceState::Stopped, code);
}

/// Has the service started again whenever it fails. Said at each start, because an installer cannot say all of it.
fn kept() -> windows_service::Result<()> {
    let services = ServiceManager::local_computer(None::<&str>, ServiceManagerAccess::CONNECT)?;
    // Whoever may have it started again must have the right to start it (ChangeServiceConfig2).
    let own = services.open_service(NAME, ServiceAccess::CHANGE_CONFIG | ServiceAccess::START)?;
    let again = |delay| ServiceAction { action_type: ServiceActionType::Restart, delay };
    own.update_failure_actions(ServiceFailureActions {
        reset_period: ServiceFailureResetPeriod::After(FORGOTTEN),
        reboot_msg: None,
        command: None,
        actions: Some(AGAIN.map(again).to_vec()),
    })?;
    own.set_failure_actions_on_non_crash_failures(true)
}

/// The service control manager, as it is told how the agent is.
#[derive(Clone, Copy, Debug)]
struct Manager(ServiceStatusHandle);

impl Manager {
    fn tell(self, state: ServiceState, code: u32) {
        let pending = matches!(state, ServiceState::StartPending | ServiceState::StopPending);
        let running = state == ServiceState::Running;
        let told = self.0.set_service_status(ServiceStatus {
            service_type: ServiceType::OWN_PROCESS,
            current_state: state,
            controls_accepted: if running {
                ServiceControlAccept::STOP | ServiceControlAccept::SHUTDOWN
            } else {
                ServiceControlAccept::empty()
            },
            exit_code: if code == 0 { ServiceExitCode::NO_ERROR } else { ServiceExitCode::ServiceSpecific(code) },
            checkpoint: u32::from(pending),
            wait_hint: if pending { PATIENCE } else { Duration::ZERO },
            process_id: None,
        });
        if let Err(error) = told {
            tracing::debug!(%error, "the service control manager cannot be told");
        }
    }
}

impl Supervisor for Manager {
    fn ready(&self) {
        self.tell(ServiceState::Running, 0);
    }

    /// Windows has no line for it; `cartable-agent status` says how the agent is.
    fn status(&self, _: &str) {}

    fn stopping(&self) {
        self.tell(ServiceState::StopPending, 0);
    }

    /// Windows watches whether a service's process is there, not whether it moves.
    fn alive(&self) {}

    fn silence_max(&self) -> Option<Duration> {
        None
    }
}
