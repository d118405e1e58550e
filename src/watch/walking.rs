//! Folders → what is in them, on a thread of its own and a part at a time: whoever asks for the files never waits for the disk.

use std::{
    collections::VecDeque,
    iter,
    ops::ControlFlow,
    sync::{
        Arc,
        mpsc::{self, Receiver, TryRecvError},
    },
    thread,
};

use super::{Folder, Found, Root, Walked, walk::walk_while};

/// Files that are handed on together: they are compared with what is known within a few milliseconds.
const TOGETHER: usize = 1_024;

/// How many parts the walk may be ahead.
const AHEAD: usize = 4;

/// What a walk hands on.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Files of one folder, in the byte order of their paths.
    Found(Vec<Found>),
    /// All of the next folder were found. Folders come in their order.
    Walked(Walked),
}

/// A walk through all folders. It ends early when this is dropped.
#[derive(Debug)]
pub struct Walking {
    steps: Receiver<Step>,
    /// What was taken off the line already.
    ready: VecDeque<Step>,
    /// Folders whose end is still to come.
    left: usize,
}

impl Walking {
    /// Begins to walk; `wake` is called whenever there is a step to take.
    pub fn start(folders: Vec<Folder>, wake: impl Fn() + Send + 'static) -> Self {
        let (left, folders) = (folders.len(), Arc::new(folders));
        let (give, steps) = mpsc::sync_channel(AHEAD);
        let walked = Arc::clone(&folders);
        let walk = move || {
            walk_all(&walked, &mut |step| {
                let is_wanted = give.send(step).is_ok();
                wake();
                if is_wanted { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            })
        };
        let mut ready = VecDeque::new();
        if left > 0 && thread::Builder::new().name("walk".into()).spawn(walk).is_err() {
            let _ = walk_all(&folders, &mut |step| {
                ready.push_back(step);
                ControlFlow::Continue(())
            });
        }
        Self { steps, ready, left }
    }

    /// Whether all folders were walked through, and all of it was taken.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.left == 0
    }

    /// Whether [`Self::next`] has something without waiting.
    pub fn is_ready(&mut self) -> bool {
        if self.ready.is_empty() && !self.is_over() {
            match self.steps.try_recv() {
                Ok(step) => self.ready.push_back(step),
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Disconnected) => self.ready.push_back(broken_off()),
            }
        }
        !self.ready.is_empty()
    }

    /// The files of the present folder that are still to be found, waiting for them; the step that ends it comes behind them.
    pub fn rest_of_folder(&mut self) -> impl Iterator<Item = Found> {
        let found = iter::from_fn(|| match self.wait() {
            Step::Found(found) => Some(found),
            end @ Step::Walked(_) => {
                self.ready.push_front(end);
                None
            }
        });
        found.fuse().flatten()
    }

    fn wait(&mut self) -> Step {
        self.ready.pop_front().or_else(|| self.steps.recv().ok()).unwrap_or_else(broken_off)
    }
}

impl Iterator for Walking {
    type Item = Step;

    /// Waits for what comes next.
    fn next(&mut self) -> Option<Step> {
        if self.is_over() {
            return None;
        }
        let step = self.wait();
        self.left -= usize::from(matches!(step, Step::Walked(_)));
        Some(step)
    }
}

/// What is said of each folder that was not walked through because the thread panicked: nothing is known of it.
fn broken_off() -> Step {
    let message = "walking through it fails within the program, which is a defect: please report it";
    Step::Walked(Walked { root: Root::Closed(message.into()), files: 0 })
}

fn walk_all(folders: &[Folder], hand_on: &mut dyn FnMut(Step) -> ControlFlow<()>) -> ControlFlow<()> {
    for (index, folder) in folders.iter().enumerate() {
        let mut part = Vec::new();
        let mut is_wanted = ControlFlow::Continue(());
        let walked = walk_while(index, folder, &mut |found| {
            part.push(found);
            if part.len() == TOGETHER {
                is_wanted = hand_on(Step::Found(std::mem::take(&mut part)));
            }
            is_wanted
        });
        is_wanted?;
        if !part.is_empty() {
            hand_on(Step::Found(part))?;
        }
        hand_on(Step::Walked(walked))?;
    }
    ControlFlow::Continue(())
}
