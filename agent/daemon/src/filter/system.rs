//! What the filter holds of the machine: the resolver that all names are asked of, the page that says why, and the system's own settings.

use super::answering::{Answering, Own as OwnQuestions, Told};
use super::asks::Asks;
use super::bell::{Bell, Ringing};
use super::config::FilterConfig;
use super::desk::Desk;
use super::held::{Held, Moments, Now};
use super::judge::Policy;
use super::sentinel::Sentinel;
use crate::Config;
use crate::clock::Clock;
use crate::enforce::places;
use crate::error::Error;
use crate::folder::Folder;
use crate::source::mirror::mirror_tls;
use agent_core::greeting::Greetings;
use agent_core::tally::Counts;
use guard::browsers::{Browsers, Proxy, Wish};
use guard::dns::{Dns, Network};
use guard::page::{LINK, Page};
use guard::rules::{Own, Rules, Wall};
use model::filtering::{Holding, Regime};
use model::host::Host;
use resolver::{Judge, Resolver, Server, Settings, Totals, Upstream};
use rustls::time_provider::TimeProvider;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use words::Language;

/// The folder of what was there before, within the filter's own.
pub(crate) const FOLDER: &str = "system";
/// By which the kernel knows the resolver's own questions ("crt").
const MARK: u32 = 0x0063_7274;
/// So often the filter asks itself before it is taken for dumb.
const SENTINEL_TRIES: u32 = 3;
/// All of the system's settings are looked at so often; whom it asks, at each look.
const WHOLE_EVERY: Duration = Duration::from_secs(60);
/// What could not be held is tried so often at each look, and then with all the rest: it may be lacking for good, and each try is a line of the log.
const QUICK_TRIES: u32 = 3;

/// What is held of the machine.
pub(super) struct System {
    config: FilterConfig,
    proxy: Proxy,
    clock: Arc<dyn Clock>,
    /// By which servers that speak TLS are judged.
    time: Arc<dyn TimeProvider>,
    guard: guard::System,
    desk: Arc<Desk>,
    bell: Arc<Bell>,
    ringing: Option<Arc<Ringing>>,
    /// Whoever tells people of what is closed.
    _telling: Task,
    /// Who answers, for whoever watches over that.
    answering: Told,
    own: Arc<OwnQuestions>,
    serving: Option<Serving>,
    page: Option<Task>,
    /// The network that is asked; none before the first look.
    network: Option<Network>,
    /// Which side held when somebody was last chosen to be asked.
    regime: Option<Regime>,
    greetings: Greetings,
    /// What all was last held to, and when.
    whole: Option<(Holding, Duration)>,
    /// What of all of it could not be held then.
    failed: Result<(), &'static str>,
    /// So often in a row.
    tries: u32,
}

/// A resolver that answers; dropped, it does no longer.
struct Serving {
    resolver: Arc<Resolver>,
    task: Task,
    /// How often the filter had asked itself before.
    own_before: (u64, u64),
}

/// What goes on beside; dropped, it ends.
struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl System {
    pub(super) fn new(
        config: &Config,
        folder: &Folder,
        clock: &Arc<dyn Clock>,
        asks: Arc<Asks>,
        moments: Arc<Moments>,
    ) -> Self {
        let bell = Arc::new(Bell::default());
        let telling = {
            let (bell, root, clock) = (bell.clone(), places(config), clock.clone());
            tokio::spawn(async move { bell.keep(root, clock).await })
        };
        // A proxy of the user's own choice would go round the resolver; where the machine needs one, the desktop knows which.
        let proxy = if config.proxy.is_some() { Proxy::System } else { Proxy::Direct };
        Self {
            config: config.filter.clone(),
            proxy,
            clock: clock.clone(),
            time: moments.clone(),
            guard: guard_of(config, folder),
            desk: Arc::new(Desk::new(asks, moments)),
            bell,
            ringing: None,
            _telling: Task(telling),
            answering: Arc::default(),
            own: Arc::default(),
            serving: None,
            page: None,
            network: None,
            regime: None,
            greetings: Greetings::default(),
            whole: None,
            failed: Ok(()),
            tries: 0,
        }
    }

    /// Who answers, now and whenever it is another; and how often the filter asked itself.
    pub(super) fn answering(&self) -> (watch::Receiver<Answering>, Arc<OwnQuestions>) {
        (self.answering.subscribe(), self.own.clone())
    }

    /// How much was answered since the start of this resolver, but for what the filter asked itself.
    pub(super) fn counts(&self) -> Counts {
        let Some(serving) = &self.serving else { return Counts::default() };
        let Totals { answered, blocked, rewritten, failed } = serving.resolver.totals();
        let (own, before) = (self.own.counts(), serving.own_before);
        Counts {
            answered: answered.saturating_sub(own.0 - before.0),
            closed: blocked.saturating_sub(own.1 - before.1),
            made_safe: rewritten,
            failed,
        }
    }

    /// Holds the machine to what holds now; the code of what of it cannot be held.
    pub(super) async fn hold(&mut self, held: &Held, now: &Now) -> Result<(), &'static str> {
        self.desk.set(held, now);
        let elapsed = self.clock.elapsed();
        let known = self.whole.as_ref().is_some_and(|(holding, at)| {
            Holding { until: now.holding.until, ..holding.clone() } == now.holding
                && elapsed.saturating_sub(*at) < WHOLE_EVERY
                && (self.failed.is_ok() || self.tries >= QUICK_TRIES)
        });
        // All of it is tried: what fails must not keep the rest from being held.
        let ringing = self.ringing(held, &now.policy);
        let mut done = self.resolver_hold(ringing.clone(), now.holding.regime).await;
        self.answering_tell(&ringing);
        // Nobody is led to a port where somebody else answers, or nobody; what was in place before stays.
        let system = self.config.system && self.serving.is_some();
        let mut whole = Ok(());
        if system && !known {
            // Before all that takes longer: until then programs ask whom they like.
            whole = self.rules_hold(now).await;
        }
        done = done.and(self.page_hold().await).and(self.dates_check());
        if system {
            let dns = self.dns().take().await;
            // Who wrote there says what the network offers, be it the same as before.
            if matches!(dns, Ok(true)) {
                self.network = None;
            }
            done = done.and(dns.map(drop).map_err(|error| refused("system_names", &error)));
        }
        if known {
            return done.and(self.failed);
        }
        whole = whole.and(self.answers_check(&ringing).await);
        if self.config.system {
            whole = whole.and(self.browsers_hold(held, now));
        }
        self.whole = Some((now.holding.clone(), elapsed));
        self.failed = whole;
        self.tries = if whole.is_ok() { 0 } else { self.tries.saturating_add(1) };
        done.and(whole)
    }

    /// Until whoever answers does no longer, by a fault of ours; for ever where nobody has to.
    pub(super) async fn ended(&mut self) {
        match self.serving.as_mut().map(|serving| &mut serving.task.0) {
            // Asked twice, it would have nothing to say.
            Some(task) if task.is_finished() => {}
            Some(task) => drop(task.await),
            None => std::future::pending().await,
        }
    }

    /// Gives back what was taken over.
    pub(super) async fn put_back(&mut self) -> Result<(), &'static str> {
        self.whole = None;
        if self.config.system {
            guard::put_back(&self.guard).await.map_err(|error| refused("system_back", &error))?;
        }
        self.leave();
        Ok(())
    }

    /// Ends, and leaves what was taken over as it is: until the next start nothing is asked past it.
    pub(super) fn leave(&mut self) {
        (self.serving, self.page, self.network) = (None, None, None);
        self.answering.send_replace(Answering::default());
    }

    /// As a fault of ours in what judges names would: whoever answers ends at the next question.
    #[cfg(test)]
    pub(super) fn break_down(&self) -> Vec<SocketAddr> {
        let Some(serving) = &self.serving else { return Vec::new() };
        serving.resolver.judge_set(Arc::new(|_: &resolver::Name, _: u16| -> resolver::Ruling { panic!("a fault") }));
        serving.resolver.addresses()
    }

    fn answering_tell(&self, ringing: &Ringing) {
        let answering = match self.serving.as_ref().filter(|serving| !serving.task.0.is_finished()) {
            Some(serving) => Answering { at: serving.resolver.addresses(), sentinel: ringing.sentinel.clone() },
            None => Answering::default(),
        };
        self.answering.send_if_modified(|before| std::mem::replace(before, answering.clone()) != answering);
    }

    /// The policy with its bell: the same one as long as it is the same policy.
    fn ringing(&mut self, held: &Held, policy: &Arc<Policy>) -> Arc<Ringing> {
        if let Some(ringing) = self.ringing.as_ref().filter(|ringing| ringing.is_of(policy)) {
            return ringing.clone();
        }
        let sentinel = Sentinel::of(policy, held.list());
        let ringing = Arc::new(Ringing::new(policy.clone(), sentinel, self.bell.clone()));
        self.ringing = Some(ringing.clone());
        ringing
    }

    async fn resolver_hold(&mut self, judge: Arc<dyn Judge>, regime: Regime) -> Result<(), &'static str> {
        let network = self.dns().network();
        let another = self.network.as_ref() != Some(&network);
        let elsewhere = another || self.regime != Some(regime);
        match self.serving.as_ref().filter(|serving| !serving.task.0.is_finished()) {
            Some(serving) => {
                serving.resolver.judge_set(judge);
                if elsewhere {
                    // What was learnt elsewhere is forgotten, too.
                    serving.resolver.upstream_set(self.asked(&network, regime)?);
                }
            }
            None => {
                self.serving = None;
                self.serving = Some(self.served(judge, &network, regime).await?);
            }
        }
        self.regime = Some(regime);
        if another {
            self.greet(&network);
            self.network = Some(network);
        }
        Ok(())
    }

    /// Another network may want to be greeted before it leads anywhere.
    fn greet(&mut self, network: &Network) {
        if !network.is_there() {
            return;
        }
        let window = self.greetings.changed(self.clock.elapsed());
        if let Some(serving) = self.serving.as_ref().filter(|_| !window.is_zero()) {
            tracing::info!(seconds = window.as_secs(), "the network is another one, and may be greeted");
            serving.resolver.portal(window);
        }
    }

    async fn page_hold(&mut self) -> Result<(), &'static str> {
        if self.config.page.is_empty() || self.page.as_ref().is_some_and(|page| !page.0.is_finished()) {
            return Ok(());
        }
        let page = Page::bind(&self.config.page, self.desk.clone()).await;
        let page = page.map_err(|error| refused("page_address", &error))?;
        self.page = Some(Task(tokio::spawn(page.serve())));
        Ok(())
    }

    async fn rules_hold(&self, now: &Now) -> Result<(), &'static str> {
        let port = self.config.listen.first().map_or(53, SocketAddr::port);
        let side = &now.holding.side;
        // Where programs may ask whom they like, nothing would be gained by closing other ways round.
        let wall = (!side.other_resolvers).then(|| Wall { vpn: side.vpn, ..Wall::new(Own::Mark(MARK), port) });
        let taken = Rules::new(&self.guard, wall).take().await;
        taken.map(drop).map_err(|error| refused("system_rules", &error))
    }

    fn browsers_hold(&self, held: &Held, now: &Now) -> Result<(), &'static str> {
        let holding = &now.holding;
        let open = holding.floor_open.iter().chain(&held.active.own).chain(&holding.unblocked);
        let open: Vec<Host> = open.chain(&holding.unblocked_above_floor).cloned().collect();
        let wish = Wish {
            side: &holding.side,
            first: &[],
            open: &open,
            page: LINK,
            proxy: &self.proxy,
            language: Language::Fr,
        };
        let taken = Browsers::new(&self.guard).take(&wish);
        taken.map(drop).map_err(|error| refused("system_browsers", &error))
    }

    /// Whether certificates of those who are asked hold at the time: where they do not, no name is found, and nobody would know why.
    fn dates_check(&self) -> Result<(), &'static str> {
        let at_fault = self.serving.as_ref().is_some_and(|serving| serving.resolver.dates_at_fault());
        if at_fault { Err("resolver_dates") } else { Ok(()) }
    }

    /// Asks as any program would.
    async fn answers_check(&self, ringing: &Ringing) -> Result<(), &'static str> {
        let Some(sentinel) = &ringing.sentinel else { return Ok(()) };
        let addresses = self.serving.as_ref().map(|serving| serving.resolver.addresses()).unwrap_or_default();
        for at in addresses {
            let mut tries = 0;
            // One datagram may be lost where somebody floods the port.
            while !sentinel.holds(at, Ipv4Addr::LOCALHOST, &self.own, &*self.clock).await {
                tries += 1;
                if tries == SENTINEL_TRIES {
                    return Err("sentinel");
                }
            }
        }
        Ok(())
    }

    async fn served(&self, judge: Arc<dyn Judge>, network: &Network, regime: Regime) -> Result<Serving, &'static str> {
        let clock = self.clock.clone();
        let asked = self.asked(network, regime)?;
        let mut settings = Settings::new(asked, Arc::new(move || clock.elapsed()));
        settings.listen.clone_from(&self.config.listen);
        settings.mark = self.config.system.then_some(MARK);
        let resolver = Resolver::bind(settings, judge).await.map_err(|error| {
            tracing::error!(%error, "names cannot be answered");
            "resolver_address"
        })?;
        let resolver = Arc::new(resolver);
        let task = tokio::spawn({
            let resolver = resolver.clone();
            async move {
                if let Err(error) = resolver.serve().await {
                    tracing::error!(%error, "names are answered no longer");
                }
            }
        });
        Ok(Serving { resolver, task: Task(task), own_before: self.own.counts() })
    }

    /// Whom to ask: who is configured, else whom the network offers. Who speaks TLS is asked elsewhere than in school, where what the school's
    /// resolver closes is closed, and is believed by the system's authorities.
    fn asked(&self, network: &Network, regime: Regime) -> Result<Upstream, &'static str> {
        let offered = if self.config.upstream.is_empty() { &network.offered.servers } else { &self.config.upstream };
        let network = offered.clone();
        if self.config.secure.is_empty() || (regime == Regime::InSchool && !network.is_empty()) {
            return Ok(Upstream::network(network));
        }
        let tls = mirror_tls(None, self.time.clone()).map_err(|error| {
            tracing::error!(%error, "no server that speaks TLS can be believed");
            "resolver_tls"
        })?;
        let servers = self.config.secure.iter().filter_map(|one| Server::new(&one.url, one.address).ok());
        Ok(Upstream::secure(servers.collect(), network, tls))
    }

    /// Whom the system asks. Where names are asked over TLS, none is looked for in a domain of the network's.
    fn dns(&self) -> Dns<'_> {
        let dns = Dns::new(&self.guard, self.addresses());
        if self.config.secure.is_empty() { dns } else { dns.without_search() }
    }

    /// Where names are answered: of the addresses that are wished, those that the machine has.
    fn addresses(&self) -> Vec<IpAddr> {
        let answering = self.serving.as_ref().map(|serving| serving.resolver.addresses());
        answering.as_ref().unwrap_or(&self.config.listen).iter().map(SocketAddr::ip).collect()
    }
}

/// Puts back what was taken over, whether a filter runs or not.
///
/// # Errors
/// [`Error::System`] for what could not be put back.
pub(crate) async fn put_back(config: &Config) -> Result<(), Error> {
    let system = guard_of(config, &Folder::new(&config.filter_place()));
    guard::put_back(&system).await.map_err(|error| Error::System(std::io::Error::other(error.to_string())))
}

fn guard_of(config: &Config, folder: &Folder) -> guard::System {
    guard::System::new(&config.root, folder.path(FOLDER))
}

fn refused(code: &'static str, error: &guard::GuardError) -> &'static str {
    tracing::error!(%error, code, "the system does not hold what it should");
    code
}
