//! The machine's own batteries (Documentation/ABI/testing/sysfs-class-power).

use super::root::Root;
use model::inventory::Battery;

pub(super) const POWER: &str = "sys/class/power_supply";
/// No portable holds as much; above it the gauge is wrong.
const MWH_MAX: u64 = 1_000_000;
/// The same in µWh; in µAh it is more still.
const GAUGE_MAX: u64 = MWH_MAX * 1000;
const MWH_STEP: u64 = 100;

/// One battery's gauge: two capacities in the same unit, whichever that is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Gauge {
    /// What it held when new.
    pub(crate) design: Option<u64>,
    /// What it holds when full now.
    pub(crate) full: Option<u64>,
}

pub(super) fn read(root: &Root) -> Vec<Battery> {
    let battery = |name: String| {
        let folder = format!("{POWER}/{name}");
        let gauge = gauge(root, &folder);
        Battery {
            maker: root.evidence(&format!("{folder}/manufacturer")),
            model: root.evidence(&format!("{folder}/model_name")),
            technology: root.evidence(&format!("{folder}/technology")),
            design_full_mwh: mwh(root, &folder, gauge.design, 1),
            full_mwh: mwh(root, &folder, gauge.full, MWH_STEP),
            // Firmware that does not count says 0.
            cycles: root.number(&format!("{folder}/cycle_count")).filter(|cycles| (1..100_000).contains(cycles)),
        }
    };
    names(root).into_iter().map(battery).collect()
}

/// The gauges of the machine's own batteries; nothing when the kernel does not tell of any supply of power.
pub(crate) fn gauges(root: &Root) -> Option<Vec<Gauge>> {
    root.exists(POWER).then(|| names(root).into_iter().map(|name| gauge(root, &format!("{POWER}/{name}"))).collect())
}

/// Batteries that power the machine and are in their place; a scope of `Device` is a mouse's or a pen's.
pub(super) fn names(root: &Root) -> Vec<String> {
    let says = |name: &str, file: &str, value: &str| {
        root.text(&format!("{POWER}/{name}/{file}")).is_some_and(|text| text.trim() == value)
    };
    let mut names = root.names(POWER);
    names.retain(|name| says(name, "type", "Battery") && !says(name, "scope", "Device") && !says(name, "present", "0"));
    names.truncate(model::inventory::PARTS_MAX);
    names
}

fn gauge(root: &Root, folder: &str) -> Gauge {
    let number = |file: &str| root.number::<u64>(&format!("{folder}/{file}")).filter(|n| (1..=GAUGE_MAX).contains(n));
    let kind = if root.exists(&format!("{folder}/energy_full_design")) { "energy" } else { "charge" };
    Gauge { design: number(&format!("{kind}_full_design")), full: number(&format!("{kind}_full")) }
}

/// µWh, or µAh at the lowest voltage the battery is designed for, in mWh.
fn mwh(root: &Root, folder: &str, amount: Option<u64>, step: u64) -> Option<u32> {
    let energy = root.exists(&format!("{folder}/energy_full_design"));
    let (by, over) = if energy {
        (1, 1_000)
    } else {
        (
            root.number::<u64>(&format!("{folder}/voltage_min_design")).filter(|microvolts| *microvolts > 0)?,
            1_000_000_000,
        )
    };
    let mwh = u64::try_from(u128::from(amount?) * u128::from(by) / over).ok()?;
    let rounded = (mwh.checked_add(step / 2)?) / step * step;
    u32::try_from(rounded).ok().filter(|_| (1..=MWH_MAX).contains(&rounded))
}
