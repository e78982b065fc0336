//! Two kits of a classroom: a laptop that runs the agent, a camera, and cables without a number.

use super::acts::answered;
use super::territory::{SCHOOLS, Territory, number};
use model::lifecycle::Lifecycle;
use wire::v1::{
    AssetLine, AssetReceiveRequest, AssetStep, KitBindRequest, KitCreateRequest, KitListRequest, KitSlot, KitTemplate,
    KitTemplatePutRequest,
};

/// The first laptop that goes into a kit and not to a pupil.
const FIRST: usize = 180;

/// Composes both; the second lacks its cables until somebody brings them.
pub(super) async fn kits_compose(year: &mut Territory) {
    let mut admin = year.admin().await;
    let slot = |slot: &str, role: &str, managed: bool, min: u32| KitSlot {
        slot: slot.to_owned(),
        title: slot.to_owned(),
        role: role.to_owned(),
        min,
        managed,
        ..Default::default()
    };
    let slots =
        vec![slot("laptop", "laptop", true, 1), slot("camera", "camera", false, 1), slot("cables", "cable", false, 2)];
    let template =
        KitTemplate { name: "hybrid".to_owned(), title: "Kit hybride".to_owned(), slots, ..Default::default() };
    assert!(answered(admin.kit_template_put(KitTemplatePutRequest { template: Some(template) }).await).new);
    let mut hands = year.hands().await;
    for (n, school) in SCHOOLS.iter().enumerate().take(2) {
        let (kit, camera) = (format!("KIT-{n}"), format!("CAM-{n}"));
        let line = AssetLine {
            number: camera.clone(),
            kind: "camera".to_owned(),
            measure: "hybrid-kit".to_owned(),
            ..Default::default()
        };
        let lines = vec![AssetLine { school: (*school).to_owned(), ..line }];
        answered(hands.asset_receive(AssetReceiveRequest { lines, dry_run: false, update: false }).await);
        year.step(&mut hands, &camera, AssetStep::Prepare).await.unwrap();
        year.step(&mut hands, &camera, AssetStep::Ready).await.unwrap();
        let asked = KitCreateRequest {
            label: kit.clone(),
            template: "hybrid".to_owned(),
            school: (*school).to_owned(),
            measure: "hybrid-kit".to_owned(),
            ..Default::default()
        };
        answered(hands.kit_create(asked).await);
        let bind = |slot: &str, asset: String, count: Option<u32>| KitBindRequest {
            kit: kit.clone(),
            slot: slot.to_owned(),
            asset,
            count,
            why: "the year".to_owned(),
        };
        answered(hands.kit_bind(bind("laptop", number(FIRST + n), None)).await);
        answered(hands.kit_bind(bind("camera", camera, None)).await);
        let lacks = answered(hands.kit_list(KitListRequest { incomplete: true, ..Default::default() }).await).kits;
        assert_eq!((lacks.len(), lacks[0].lacks[0].slot.as_str()), (1, "cables"));
        answered(hands.kit_bind(bind("cables", String::new(), Some(2))).await);
        assert_eq!(year.asset(&number(FIRST + n)).await.lifecycle, Lifecycle::InKit);
    }
    let lacks = answered(hands.kit_list(KitListRequest { incomplete: true, ..Default::default() }).await).kits;
    assert!(lacks.is_empty(), "{lacks:?}");
}
