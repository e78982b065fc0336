//! A device with a filter that took it over, before an internet of our own: what dig and curl see of it, as root and as a user.

mod browsing;

use model::filtering::Side;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Output, Stdio};
use tests::filtering::{FilterProcess, active, everywhere, list_write, side};
use tests::process::{AgentProcess, until};
use tests::wire::{OUTSIDE, Place, Wire};

const OUTSIDE_PY: &str = include_str!("internet/outside.py");
/// Resolvers besides that of the network: one that nobody knows, and one that everybody does, by both addresses.
const OTHERS: [&str; 2] = ["10.80.0.5", "fd80::5"];
const KNOWN: [&str; 2] = ["1.1.1.1", "2606:4700:4700::1111"];
/// Each name with its addresses; the second is what search engines offer to schools.
const NAMES: &[(&str, &str, &str)] = &[
    ("open.example", "10.80.0.10", "fd80::10"),
    ("www.closed.example", "10.80.0.11", "fd80::11"),
    ("chat.example", "10.80.0.11", "fd80::11"),
    ("www.google.com", "10.80.0.20", "fd80::20"),
    ("forcesafesearch.google.com", "10.80.0.21", "fd80::21"),
    ("www.youtube.com", "10.80.0.20", "fd80::20"),
    ("restrict.youtube.com", "10.80.0.22", "fd80::22"),
    ("www.bing.com", "10.80.0.20", "fd80::20"),
    ("strict.bing.com", "10.80.0.23", "fd80::23"),
    ("duckduckgo.com", "10.80.0.20", "fd80::20"),
    ("safe.duckduckgo.com", "10.80.0.24", "fd80::24"),
];
/// What was asked of a name's server when there was none.
const NOBODY: Option<i32> = Some(7);
/// What has no address.
const NAMELESS: Option<i32> = Some(6);

/// The device, its filter, and the world.
struct Scene {
    wire: Wire,
    filter: FilterProcess,
    world: Child,
    folder: tempfile::TempDir,
}

impl Scene {
    /// `None` where namespaces are not permitted or a program is missing, unless `CARTABLE_REQUIRE` asks for it.
    fn new() -> Option<Self> {
        for program in ["python3", "nft", "dig", "curl", "setpriv"] {
            tests::system_program(program)?;
        }
        let sites: std::collections::BTreeSet<&str> =
            NAMES.iter().flat_map(|(_, v4, v6)| [*v4, *v6]).chain(KNOWN).collect();
        let wire = Wire::new(&sites.iter().copied().chain(OTHERS).collect::<Vec<_>>())?;
        let folder = tempfile::tempdir().unwrap();
        // A user reads the root certificate there.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let (certificate, key) = certified(folder.path());
        let names: BTreeMap<&str, Value> = NAMES
            .iter()
            .map(|(name, v4, v6)| (*name, json!({"A": [v4], "AAAA": [v6], "HTTPS": [v4]})))
            .chain([("use-application-dns.net", json!({"A": ["192.0.2.1"]}))])
            .collect();
        let resolvers = [OUTSIDE, OTHERS, KNOWN].concat();
        let told =
            json!({"names": names, "resolvers": resolvers, "sites": sites, "certificate": certificate, "key": key});
        let nft = tests::system_program("nft")?;
        let mut world = wire.command(Place::Outside, "python3");
        world.args(["-c", OUTSIDE_PY, &told.to_string()]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut world = world.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(world.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");

        let root = folder.path().join("root");
        fs::create_dir_all(root.join("etc")).unwrap();
        fs::create_dir_all(root.join("usr/sbin")).unwrap();
        std::os::unix::fs::symlink(nft, root.join("usr/sbin/nft")).unwrap();
        let servers: String = OUTSIDE.iter().map(|address| format!("nameserver {address}\n")).collect();
        fs::write(root.join("etc/resolv.conf"), servers).unwrap();
        // All as in the package: port 53 and 80 of loopback, and the system taken over.
        let mut agent = AgentProcess::new(folder.path(), "device", &format!("root = {root:?}\n"));
        agent.place = wire.words(Place::Device);
        let filter = FilterProcess::of(agent, ([127, 0, 0, 1], 53).into());
        Some(Self { wire, filter, world, folder })
    }

    /// Closes all of `closed.example` and what a side says, and waits until the device is held to it.
    fn take_over(&mut self, side: &Side) {
        let list = self.folder.path().join("list");
        let digest = list_write(&list, "2026.11.30", &[("adult", "closed.example")]);
        self.filter.tell(&active(Some(&everywhere(side)), Some((&list, digest))));
        self.filter.start();
        until(30, "the device is taken over", || self.table());
        until(30, "names are closed", || self.dig(true, &["www.closed.example"]) == "127.0.0.1");
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("root")
    }

    /// A program of the device, which finds names as its system says; as root, or as a user.
    fn run(&self, user: bool, program: &[&str]) -> Output {
        let mut command = self.wire.command(Place::Device, "sh");
        command.args(["-c", "mount --bind \"$0\" /etc/resolv.conf && exec \"$@\""]);
        command.arg(self.root().join("etc/resolv.conf"));
        if user {
            command.args(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs"]);
        }
        command.args(program).output().unwrap()
    }

    /// What dig is told, in one line.
    fn dig(&self, user: bool, question: &[&str]) -> String {
        let out = self.run(user, &[&["dig", "+short", "+time=3", "+tries=2", "+nocookie"], question].concat());
        let said = String::from_utf8(out.stdout).unwrap();
        // What it says of itself begins so.
        let lines = said.lines().filter(|line| !line.starts_with(";"));
        lines.collect::<Vec<_>>().join(" ")
    }

    /// What curl is told, or with what it ends.
    fn curl(&self, user: bool, arguments: &[&str]) -> Result<String, Option<i32>> {
        let root = self.folder.path().join("root.pem");
        let plain = ["curl", "-sS", "-L", "--max-time", "20", "--noproxy", "*", "--cacert", root.to_str().unwrap()];
        let out = self.run(user, &[&plain[..], arguments].concat());
        if !out.status.success() {
            return Err(out.status.code());
        }
        Ok(String::from_utf8(out.stdout).unwrap())
    }

    fn table(&self) -> bool {
        let listed = self.wire.command(Place::Device, "nft").args(["list", "table", "inet", "cartable"]).output();
        listed.unwrap().status.success()
    }

    /// Nothing is filtered, so that what is seen to be closed later is closed by the filter.
    fn all_is_open(&self) {
        let closed = "www.closed.example";
        assert_eq!(self.dig(true, &[closed]), "10.80.0.11");
        for other in [OTHERS, KNOWN].concat() {
            let at = format!("@{other}");
            for more in [&["+notcp"][..], &["+tcp"], &["+tls"]] {
                assert_eq!(self.dig(true, &[&[&*at, closed, "AAAA"], more].concat()), "fd80::11", "{other} {more:?}");
            }
        }
        assert_eq!(self.curl(true, &["-4", "https://www.closed.example/"]).unwrap(), "10.80.0.11 www.closed.example\n");
        assert_eq!(self.curl(true, &["-6", "http://www.closed.example/"]).unwrap(), "fd80::11 www.closed.example\n");
        for resolver in DOH {
            let said = self.curl(true, &["--doh-url", resolver, "-4", "https://www.closed.example/"]);
            assert_eq!(said.unwrap(), "10.80.0.11 www.closed.example\n", "{resolver}");
        }
        assert!(!self.table());
    }
}

/// Resolvers that speak HTTPS, as a program is told of them by number.
const DOH: [&str; 2] = ["https://1.1.1.1/dns-query", "https://[2606:4700:4700::1111]/dns-query"];

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = self.world.kill();
        let _ = self.world.wait();
    }
}

#[test]
fn a_device_sees_what_its_policy_leaves_of_the_internet() {
    let Some(mut scene) = Scene::new() else { return };
    scene.all_is_open();
    scene.take_over(&side(&["adult"], &["chat.example"]));

    for user in [false, true] {
        closed_and_open(&scene, user);
        safe_search(&scene, user);
        nobody_goes_round(&scene, user);
    }

    // It dies: no name is found past it, until it is put back on purpose.
    scene.filter.kill();
    for question in [&["chat.example"][..], &["@10.80.0.5", "chat.example"], &["@1.1.1.1", "open.example", "+tcp"]] {
        assert_eq!(scene.dig(true, question), "", "{question:?}");
    }
    assert_eq!(scene.curl(true, &["https://open.example/"]), Err(NAMELESS));
    let done = scene.filter.agent.run(&["filter", "--put-back"]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    scene.all_is_open();
}

/// A name of the list and one of the policy, and one that nobody closes.
fn closed_and_open(scene: &Scene, user: bool) {
    for closed in ["www.closed.example", "closed.example", "chat.example", "a.chat.example"] {
        assert_eq!(scene.dig(user, &[closed]), "127.0.0.1", "{closed}");
        assert_eq!(scene.dig(user, &[closed, "AAAA"]), "::1", "{closed}");
        assert_eq!(scene.dig(user, &[closed, "HTTPS"]), "", "{closed}");
        assert_eq!(scene.dig(user, &[closed, "+tcp"]), "127.0.0.1", "{closed}");
    }
    for family in ["-4", "-6"] {
        let site = "http://www.closed.example/some/page?what=for";
        let page = scene.curl(user, &[family, "-H", "Accept: text/html", site]).unwrap();
        assert!(
            page.contains("<title>") && page.contains("déblocage") && page.contains("www.closed.example"),
            "{page}"
        );
        assert!(!page.contains("what=for"), "no page is repeated");
        // Nothing is broken open: nobody answers there.
        assert_eq!(scene.curl(user, &[family, "https://www.closed.example/"]), Err(NOBODY));
    }
    assert_eq!(scene.dig(user, &["open.example"]), "10.80.0.10");
    assert_eq!(scene.dig(user, &["open.example", "AAAA"]), "fd80::10");
    for (family, address) in [("-4", "10.80.0.10"), ("-6", "fd80::10")] {
        for scheme in ["http", "https"] {
            let said = scene.curl(user, &[family, &format!("{scheme}://open.example/")]);
            assert_eq!(said.unwrap(), format!("{address} open.example\n"));
        }
    }
    assert_eq!(scene.dig(user, &["nobody.example"]), "");
    assert_eq!(scene.dig(user, &["use-application-dns.net"]), "");
}

/// Search engines and YouTube answer at the addresses that they keep for schools, in each way of asking.
fn safe_search(scene: &Scene, user: bool) {
    for (engine, safe, v4, v6) in [
        ("www.google.com", "forcesafesearch.google.com", "10.80.0.21", "fd80::21"),
        ("www.youtube.com", "restrict.youtube.com", "10.80.0.22", "fd80::22"),
        ("www.bing.com", "strict.bing.com", "10.80.0.23", "fd80::23"),
        ("duckduckgo.com", "safe.duckduckgo.com", "10.80.0.24", "fd80::24"),
    ] {
        assert_eq!(scene.dig(user, &[engine]), format!("{safe}. {v4}"));
        assert_eq!(scene.dig(user, &[engine, "AAAA"]), format!("{safe}. {v6}"));
        // A browser that asks how to reach it safely is led there too.
        let https = scene.dig(user, &[engine, "HTTPS"]);
        assert!(https.starts_with(&format!("{safe}.")) && !https.contains("10.80.0.20"), "{engine}: {https}");
        for (family, address) in [("-4", v4), ("-6", v6)] {
            let said = scene.curl(user, &[family, &format!("https://{engine}/")]);
            assert_eq!(said.unwrap(), format!("{address} {engine}\n"));
        }
    }
}

/// Other resolvers: what is asked of them the device's own answers, and what would hide it is refused.
fn nobody_goes_round(scene: &Scene, user: bool) {
    for other in [OUTSIDE, OTHERS, KNOWN].concat() {
        let at = format!("@{other}");
        for more in ["+notcp", "+tcp"] {
            assert_eq!(scene.dig(user, &[&at, "chat.example", more]), "127.0.0.1", "{other} {more}");
            assert_eq!(scene.dig(user, &[&at, "open.example", more]), "10.80.0.10", "{other} {more}");
        }
        for name in ["chat.example", "open.example"] {
            assert_eq!(scene.dig(user, &[&at, name, "+tls"]), "", "{other} over TLS");
        }
    }
    for resolver in DOH {
        let said = scene.curl(user, &["--doh-url", resolver, "https://open.example/"]);
        assert_eq!(said, Err(NAMELESS), "{resolver}");
        assert_eq!(scene.curl(user, &[resolver]), Err(NOBODY), "{resolver}");
    }
    // Of what is known only the ports of resolvers are closed.
    assert_eq!(scene.curl(user, &["http://1.1.1.1/"]).unwrap(), "1.1.1.1 1.1.1.1\n");
}

/// A root of our own and one certificate for all sites, as files: the certificate with what leads to it, and its key.
fn certified(folder: &std::path::Path) -> (PathBuf, PathBuf) {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut root = rcgen::CertificateParams::new(Vec::new()).unwrap();
    root.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    root.distinguished_name.push(rcgen::DnType::CommonName, "A root of our own");
    let issuer = rcgen::CertifiedIssuer::self_signed(root, key).unwrap();
    let names = NAMES.iter().map(|(name, ..)| *name).chain(KNOWN).map(str::to_owned).collect::<Vec<_>>();
    let own = rcgen::KeyPair::generate().unwrap();
    let leaf = rcgen::CertificateParams::new(names).unwrap().signed_by(&own, &issuer).unwrap();
    let file = |name: &str, text: String| {
        fs::write(folder.join(name), text).unwrap();
        folder.join(name)
    };
    file("root.pem", issuer.pem());
    (file("site.pem", leaf.pem()), file("site.key", own.serialize_pem()))
}
