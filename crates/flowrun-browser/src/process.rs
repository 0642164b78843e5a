//! A browser as a process: started so that it dies with us, ended with everything it started.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::sync::{oneshot, watch};

use crate::profile::Profile;

/// Where the browser expects its pipes (`--remote-debugging-pipe`): commands on 3, answers on 4.
const PIPES: [i32; 2] = [3, 4];

/// Higher than both of them, so that putting one in its place never overwrites the other.
const ABOVE_PIPES: i32 = 10;

/// A running browser with all its processes. Dropping it kills them.
#[derive(Debug)]
pub(crate) struct Process {
    group: Arc<Group>,
    exited: watch::Receiver<bool>,
}

/// The process group of a browser.
#[derive(Debug)]
struct Group {
    /// `None` once its leader was waited for: the number may belong to someone else from then on.
    leader: Mutex<Option<Pid>>,
}

impl Group {
    fn kill(&self) {
        let leader = self.leader.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pid) = *leader {
            // It fails when all of them are gone, which is what is wanted.
            let _ = kill_process_group(pid, Signal::KILL);
        }
    }
}

impl Process {
    /// Starts `command` as the leader of a process group of its own, with its pipes in place.
    ///
    /// The signal that a process gets when its parent dies is sent when the *thread* dies that started it. So the
    /// browser has a thread of its own, which starts it, waits for it, deletes its profile and ends with it.
    ///
    /// # Errors
    ///
    /// What the system says when the program cannot be started.
    pub(crate) async fn start(
        command: Command,
        commands: OwnedFd,
        answers: OwnedFd,
        profile: Profile,
    ) -> io::Result<(Self, OwnedFd)> {
        let above = |fd: &OwnedFd| rustix::io::fcntl_dupfd_cloexec(fd, ABOVE_PIPES);
        let pipes = [above(&commands)?, above(&answers)?];
        let (started, start) = oneshot::channel();
        let (ended, exited) = watch::channel(false);
        let run = move || {
            let spawned = spawn(command, pipes);
            let mut child = match spawned {
                Ok(child) => child,
                Err(error) => return drop(started.send(Err(error))),
            };
            let leader = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
            let group = Arc::new(Group { leader: Mutex::new(leader) });
            let stderr = child.stderr.take().map(OwnedFd::from);
            if started.send(Ok((Arc::clone(&group), stderr))).is_err() {
                // Whoever wanted it is gone.
                group.kill();
            }
            wait(&mut child, &group);
            drop(profile);
            let _ = ended.send(true);
        };
        std::thread::Builder::new().name("flowrun-browser".to_owned()).spawn(run)?;
        let (group, stderr) = start.await.map_err(io::Error::other)??;
        let process = Self { group, exited };
        let stderr = stderr.ok_or_else(|| io::Error::other("its standard error is no pipe"))?;
        Ok((process, stderr))
    }

    /// The number of its process, which is that of its group; `None` when it is over.
    pub(crate) fn id(&self) -> Option<i32> {
        let leader = self.group.leader.lock().unwrap_or_else(PoisonError::into_inner);
        leader.map(|pid| pid.as_raw_nonzero().get())
    }

    /// Kills all processes of the browser and waits until it is gone.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the waiting, not the killing.
    pub(crate) async fn kill(mut self) {
        self.group.kill();
        // The only error is that the thread is gone, and the browser with it.
        let _ = self.exited.wait_for(|exited| *exited).await;
    }

    /// Waits until the browser has ended by itself.
    pub(crate) async fn ended(&mut self) {
        let _ = self.exited.wait_for(|exited| *exited).await;
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.group.kill();
    }
}

/// Waits for the browser, then ends what is left of its group.
///
/// The first wait leaves its number taken, so that the group can still be named; the second one gives it back, and
/// nobody can kill by it any more.
fn wait(child: &mut Child, group: &Group) {
    let leader = *group.leader.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(pid) = leader {
        let seen = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while waitid(WaitId::Pid(pid), seen).is_err_and(|error| error == rustix::io::Errno::INTR) {}
    }
    group.kill();
    let mut leader = group.leader.lock().unwrap_or_else(PoisonError::into_inner);
    let _ = child.wait();
    *leader = None;
}

#[expect(
    unsafe_code,
    reason = "a browser that dies with its parent: its pipes and its signal are set after the fork"
)]
fn spawn(mut command: Command, pipes: [OwnedFd; 2]) -> io::Result<Child> {
    let parent = rustix::process::getpid();
    let prepare = move || {
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
        // It may have died before the line above.
        if rustix::process::getppid() != Some(parent) {
            return Err(io::Error::from_raw_os_error(rustix::io::Errno::SRCH.raw_os_error()));
        }
        for (pipe, place) in pipes.iter().zip(PIPES) {
            // SAFETY: after the fork nothing in this process uses the descriptor, whatever it was: it runs no
            // code but this and `exec`. It is forgotten, so it stays open.
            let mut place = unsafe { <OwnedFd as std::os::fd::FromRawFd>::from_raw_fd(place) };
            let placed = rustix::io::dup2(pipe, &mut place);
            std::mem::forget(place);
            placed?;
        }
        Ok(())
    };
    // SAFETY: `prepare` makes system calls and nothing else; it allocates nothing and takes no lock.
    unsafe { command.pre_exec(prepare) };
    command.process_group(0).spawn()
}
