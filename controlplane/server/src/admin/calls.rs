//! Every call there is, a line each: who may make it stands in `controlplane_core::role`, what it does in the file of its noun.

use super::{
    AdminService, asset, audit, bundle, cadence, calendar, campaign, class, compare, contact, desk, device, explain,
    fetch, kit, lesson, loan, operator, organisation, policy, proposal, release, rollout, school, server, spread,
    stocktake, token, unblock, vault,
};
use crate::mirror;
use std::sync::Arc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};
use wire::v1::admin_server::Admin;
#[allow(clippy::wildcard_imports, reason = "a request and a response for each call there is")]
use wire::v1::*;

/// Writes the service out of the table below: each call is judged before it is looked at.
macro_rules! calls {
    ($($call:ident: $name:ident($request:ident) -> $response:ident = |$shared:ident, $staff:pat_param, $asked:pat_param| $done:expr;)*) => {
        #[tonic::async_trait]
        impl Admin for AdminService {
            type DeviceWatchStream = ReceiverStream<Result<DeviceSummary, Status>>;

            async fn device_watch(
                &self,
                request: Request<DeviceWatchRequest>,
            ) -> Result<Response<Self::DeviceWatchStream>, Status> {
                let (staff, asked) = self.asked("DeviceWatch", request).await?;
                device::watch(Arc::clone(&self.shared), staff, asked).await.map(Response::new)
            }

            $(
                async fn $name(&self, request: Request<$request>) -> Result<Response<$response>, Status> {
                    let ($staff, $asked) = self.asked(stringify!($call), request).await?;
                    let $shared = &self.shared;
                    $done.await.map(Response::new)
                }
            )*
        }
    };
}

calls! {
    DeviceList: device_list(DeviceListRequest) -> DeviceListResponse = |shared, staff, asked| device::list(shared, &staff, asked);
    DeviceShow: device_show(DeviceShowRequest) -> DeviceShowResponse = |shared, staff, asked| device::show(shared, &staff, &asked.device);
    DeviceDecide: device_decide(DeviceDecideRequest) -> DeviceDecideResponse = |shared, staff, asked| device::decide(shared, &staff, asked);
    TokenCreate: token_create(TokenCreateRequest) -> TokenCreateResponse = |shared, staff, asked| token::create(shared, &staff, asked);
    TokenList: token_list(TokenListRequest) -> TokenListResponse = |shared, staff, asked| token::list(shared, &staff, asked);
    TokenRevoke: token_revoke(TokenRevokeRequest) -> TokenRevokeResponse = |shared, staff, asked| token::revoke(shared, &staff, asked);
    AssetReceive: asset_receive(AssetReceiveRequest) -> AssetReceiveResponse = |shared, staff, asked| asset::receive(shared, &staff, asked);
    AssetList: asset_list(AssetListRequest) -> AssetListResponse = |shared, staff, asked| asset::list(shared, &staff, asked);
    AssetShow: asset_show(AssetShowRequest) -> AssetShowResponse = |shared, staff, asked| asset::show(shared, &staff, &asked.asset);
    AssetStep: asset_step(AssetStepRequest) -> AssetStepResponse = |shared, staff, asked| asset::step(shared, &staff, asked);
    AssetMissing: asset_missing(AssetMissingRequest) -> AssetMissingResponse = |shared, staff, asked| asset::missing(shared, &staff, asked);
    AssetWipe: asset_wipe(AssetWipeRequest) -> AssetWipeResponse = |shared, staff, asked| asset::wipe(shared, &staff, asked);
    AssetMove: asset_move(AssetMoveRequest) -> AssetMoveResponse = |shared, staff, asked| asset::relocate(shared, &staff, asked);
    AssetBind: asset_bind(AssetBindRequest) -> AssetBindResponse = |shared, staff, asked| asset::bind(shared, &staff, asked);
    KitTemplatePut: kit_template_put(KitTemplatePutRequest) -> KitTemplatePutResponse = |shared, staff, asked| kit::template_keep(shared, &staff, asked);
    KitTemplateList: kit_template_list(KitTemplateListRequest) -> KitTemplateListResponse = |shared, _, asked| kit::templates(shared, asked);
    KitCreate: kit_create(KitCreateRequest) -> KitCreateResponse = |shared, staff, asked| kit::create(shared, &staff, asked);
    KitList: kit_list(KitListRequest) -> KitListResponse = |shared, staff, asked| kit::list(shared, &staff, asked);
    KitShow: kit_show(KitShowRequest) -> KitShowResponse = |shared, staff, asked| kit::show(shared, &staff, &asked.kit);
    KitBind: kit_bind(KitBindRequest) -> KitBindResponse = |shared, staff, asked| kit::bind(shared, &staff, asked);
    KitUnbind: kit_unbind(KitUnbindRequest) -> KitUnbindResponse = |shared, staff, asked| kit::unbind(shared, &staff, asked);
    KitPass: kit_pass(KitPassRequest) -> KitPassResponse = |shared, staff, asked| kit::pass(shared, &staff, asked);
    KitMoves: kit_moves(KitMovesRequest) -> KitMovesResponse = |shared, staff, asked| kit::moves(shared, &staff, asked);
    KitMoveDecide: kit_move_decide(KitMoveDecideRequest) -> KitMoveDecideResponse = |shared, staff, asked| kit::move_decide(shared, &staff, asked);
    CadenceShow: cadence_show(CadenceShowRequest) -> CadenceShowResponse = |shared, _, _| cadence::show(shared);
    CadenceSet: cadence_set(CadenceSetRequest) -> CadenceSetResponse = |shared, staff, asked| cadence::set(shared, &staff, asked);
    ReleaseShow: release_show(ReleaseShowRequest) -> ReleaseShowResponse = |shared, _, _| release::show(shared);
    ReleaseSet: release_set(ReleaseSetRequest) -> ReleaseSetResponse = |shared, staff, asked| release::set(shared, &staff, asked);
    ServerStatus: server_status(ServerStatusRequest) -> ServerStatusResponse = |shared, staff, _| server::status(shared, &staff);
    AuditList: audit_list(AuditListRequest) -> AuditListResponse = |shared, staff, asked| audit::list(shared, &staff, asked);
    AuditVerify: audit_verify(AuditVerifyRequest) -> AuditVerifyResponse = |shared, _, asked| audit::verify(shared, asked);
    DeviceDecideMany: device_decide_many(DeviceDecideManyRequest) -> DeviceDecideManyResponse = |shared, staff, asked| proposal::decide_many(shared, &staff, asked);
    OperatorInvite: operator_invite(OperatorInviteRequest) -> OperatorInviteResponse = |shared, staff, asked| operator::invite(shared, &staff, asked);
    OperatorList: operator_list(OperatorListRequest) -> OperatorListResponse = |shared, staff, asked| operator::list(shared, &staff, asked);
    OperatorRevoke: operator_revoke(OperatorRevokeRequest) -> OperatorRevokeResponse = |shared, staff, asked| operator::revoke(shared, &staff, asked);
    OperatorSelf: operator_self(OperatorSelfRequest) -> OperatorSelfResponse = |shared, staff, _| operator::itself(shared, &staff);
    OperatorRenew: operator_renew(OperatorRenewRequest) -> OperatorRenewResponse = |shared, staff, asked| operator::renew(shared, &staff, asked);
    ProposalList: proposal_list(ProposalListRequest) -> ProposalListResponse = |shared, staff, asked| proposal::list(shared, &staff, asked);
    ProposalDecide: proposal_decide(ProposalDecideRequest) -> ProposalDecideResponse = |shared, staff, asked| proposal::decide(shared, &staff, asked);
    DeviceCompare: device_compare(DeviceCompareRequest) -> DeviceCompareResponse = |shared, staff, asked| compare::compare(shared, &staff, asked);
    DeviceMerge: device_merge(DeviceMergeRequest) -> DeviceMergeResponse = |shared, staff, asked| compare::merge(shared, &staff, asked);
    DeviceUnmerge: device_unmerge(DeviceUnmergeRequest) -> DeviceUnmergeResponse = |shared, staff, asked| compare::unmerge(shared, &staff, asked);
    LoanActs: loan_acts(LoanActsRequest) -> LoanActsResponse = |shared, staff, asked| loan::acts(shared, &staff, asked);
    LoanList: loan_list(LoanListRequest) -> LoanListResponse = |shared, staff, asked| loan::list(shared, &staff, asked);
    LoanShow: loan_show(LoanShowRequest) -> LoanShowResponse = |shared, staff, asked| loan::show(shared, &staff, &asked.loan);
    LoanRemind: loan_remind(LoanRemindRequest) -> LoanRemindResponse = |shared, staff, _| loan::remind(shared, &staff);
    LoanPolicyShow: loan_policy_show(LoanPolicyShowRequest) -> LoanPolicyShowResponse = |shared, _, _| loan::policy_show(shared);
    LoanPolicySet: loan_policy_set(LoanPolicySetRequest) -> LoanPolicySetResponse = |shared, staff, asked| loan::policy_set(shared, &staff, asked);
    CampaignCreate: campaign_create(CampaignCreateRequest) -> CampaignCreateResponse = |shared, staff, asked| campaign::create(shared, &staff, asked);
    CampaignList: campaign_list(CampaignListRequest) -> CampaignListResponse = |shared, staff, asked| campaign::list(shared, &staff, asked);
    CampaignShow: campaign_show(CampaignShowRequest) -> CampaignShowResponse = |shared, staff, asked| campaign::show(shared, &staff, asked);
    CampaignReport: campaign_report(CampaignReportRequest) -> CampaignReportResponse = |shared, staff, asked| campaign::report(shared, &staff, asked);
    CampaignNote: campaign_note(CampaignNoteRequest) -> CampaignNoteResponse = |shared, staff, asked| campaign::note(shared, &staff, asked);
    CampaignClose: campaign_close(CampaignCloseRequest) -> CampaignCloseResponse = |shared, staff, asked| campaign::close(shared, &staff, asked);
    DeskPrepare: desk_prepare(DeskPrepareRequest) -> DeskPrepareResponse = |shared, staff, asked| desk::prepare(shared, &staff, asked);
    DeskNamed: desk_named(DeskPrepareRequest) -> DeskPrepareResponse = |shared, staff, asked| desk::named(shared, &staff, asked);
    DeskAssets: desk_assets(DeskAssetsRequest) -> DeskAssetsResponse = |shared, staff, asked| desk::assets(shared, &staff, asked);
    StocktakeStart: stocktake_start(StocktakeStartRequest) -> StocktakeStartResponse = |shared, staff, asked| stocktake::start(shared, &staff, asked);
    StocktakeList: stocktake_list(StocktakeListRequest) -> StocktakeListResponse = |shared, staff, asked| stocktake::list(shared, &staff, asked);
    StocktakeScan: stocktake_scan(StocktakeScanRequest) -> StocktakeScanResponse = |shared, staff, asked| stocktake::scan(shared, &staff, asked);
    StocktakeReport: stocktake_report(StocktakeReportRequest) -> StocktakeReportResponse = |shared, staff, asked| stocktake::report(shared, &staff, asked);
    StocktakeClose: stocktake_close(StocktakeCloseRequest) -> StocktakeCloseResponse = |shared, staff, asked| stocktake::close(shared, &staff, asked);
    SchoolImport: school_import(SchoolImportRequest) -> SchoolImportResponse = |shared, staff, asked| school::import(shared, &staff, asked);
    SchoolList: school_list(SchoolListRequest) -> SchoolListResponse = |shared, staff, asked| school::list(shared, &staff, asked);
    SchoolShow: school_show(SchoolShowRequest) -> SchoolShowResponse = |shared, staff, asked| school::show(shared, &staff, asked);
    OrganisationSet: organisation_set(OrganisationSetRequest) -> OrganisationSetResponse = |shared, staff, asked| organisation::set(shared, &staff, asked);
    OrganisationList: organisation_list(OrganisationListRequest) -> OrganisationListResponse = |shared, staff, asked| organisation::list(shared, &staff, asked);
    CalendarSet: calendar_set(CalendarSetRequest) -> CalendarSetResponse = |shared, staff, asked| calendar::set(shared, &staff, asked);
    CalendarShow: calendar_show(CalendarShowRequest) -> CalendarShowResponse = |shared, _, _| calendar::show(shared);
    RolloutPlan: rollout_plan(RolloutPlanRequest) -> RolloutPlanResponse = |shared, staff, asked| rollout::plan(shared, &staff, asked);
    RolloutAct: rollout_act(RolloutActRequest) -> RolloutActResponse = |shared, staff, asked| rollout::act(shared, &staff, asked);
    RolloutList: rollout_list(RolloutListRequest) -> RolloutListResponse = |shared, _, asked| rollout::list(shared, asked);
    RolloutShow: rollout_show(RolloutShowRequest) -> RolloutShowResponse = |shared, _, asked| rollout::show(shared, asked);
    RolloutExplain: rollout_explain(RolloutExplainRequest) -> RolloutExplainResponse = |shared, staff, asked| rollout::explain(shared, &staff, asked);
    ContactSet: contact_set(ContactSetRequest) -> ContactSetResponse = |shared, staff, asked| contact::set(shared, &staff, asked);
    ContactList: contact_list(ContactListRequest) -> ContactListResponse = |shared, staff, asked| contact::list(shared, &staff, asked);
    PolicyCheck: policy_check(PolicyCheckRequest) -> PolicyCheckResponse = |shared, staff, asked| policy::check(shared, &staff, asked);
    PolicyApply: policy_apply(PolicyApplyRequest) -> PolicyApplyResponse = |shared, staff, asked| policy::apply(shared, &staff, asked);
    PolicyShow: policy_show(PolicyShowRequest) -> PolicyShowResponse = |shared, staff, asked| policy::show(shared, &staff, asked);
    PolicyHistory: policy_history(PolicyHistoryRequest) -> PolicyHistoryResponse = |shared, staff, asked| policy::history(shared, &staff, asked);
    PolicyExplain: policy_explain(PolicyExplainRequest) -> PolicyExplainResponse = |shared, staff, asked| explain::explain(shared, &staff, asked);
    LessonStart: lesson_start(LessonStartRequest) -> LessonStartResponse = |shared, staff, asked| lesson::start(shared, &staff, asked);
    LessonList: lesson_list(LessonListRequest) -> LessonListResponse = |shared, staff, asked| lesson::list(shared, &staff, asked);
    LessonStop: lesson_stop(LessonStopRequest) -> LessonStopResponse = |shared, staff, asked| lesson::stop(shared, &staff, asked);
    UnblockList: unblock_list(UnblockListRequest) -> UnblockListResponse = |shared, staff, asked| unblock::list(shared, &staff, asked);
    UnblockDecide: unblock_decide(UnblockDecideRequest) -> UnblockDecideResponse = |shared, staff, asked| unblock::decide(shared, &staff, asked);
    ClassList: class_list(ClassListRequest) -> ClassListResponse = |shared, staff, asked| class::list(shared, &staff, asked);
    ClassShow: class_show(ClassShowRequest) -> ClassShowResponse = |shared, staff, asked| class::show(shared, &staff, asked);
    ClassPut: class_put(ClassPutRequest) -> ClassPutResponse = |shared, staff, asked| class::put(shared, &staff, asked);
    ClassLend: class_lend(ClassLendRequest) -> ClassLendResponse = |shared, staff, asked| class::lend(shared, &staff, asked);
    BundleList: bundle_list(BundleListRequest) -> BundleListResponse = |shared, _, asked| bundle::list(shared, asked);
    BundleAssign: bundle_assign(BundleAssignRequest) -> BundleAssignResponse = |shared, staff, asked| bundle::assign(shared, &staff, asked);
    BundleAssignments: bundle_assignments(BundleAssignmentsRequest) -> BundleAssignmentsResponse = |shared, staff, asked| bundle::assignments(shared, &staff, asked);
    BundleExplain: bundle_explain(BundleExplainRequest) -> BundleExplainResponse = |shared, staff, asked| spread::explain(shared, &staff, asked);
    BundleReach: bundle_reach(BundleReachRequest) -> BundleReachResponse = |shared, staff, asked| spread::reach(shared, &staff, asked);
    BundlePush: bundle_push(BundlePushRequest) -> BundlePushResponse = |shared, staff, asked| bundle::push(shared, &staff, asked);
    BundleFetch: bundle_fetch(FetchRequest) -> FetchResponse = |shared, _, asked| mirror::fetch(shared, asked);
    FetchPolicyShow: fetch_policy_show(FetchPolicyShowRequest) -> FetchPolicyShowResponse = |shared, _, _| fetch::show(shared);
    FetchPolicySet: fetch_policy_set(FetchPolicySetRequest) -> FetchPolicySetResponse = |shared, staff, asked| fetch::set(shared, &staff, asked);
    VaultStatus: vault_status(VaultStatusRequest) -> VaultStatusResponse = |shared, staff, _| vault::status_(shared, &staff);
    VaultImport: vault_import(VaultImportRequest) -> VaultImportResponse = |shared, staff, asked| vault::import(shared, &staff, asked);
    VaultFind: vault_find(VaultFindRequest) -> VaultFindResponse = |shared, staff, asked| vault::find(shared, &staff, asked);
    VaultShow: vault_show(VaultShowRequest) -> VaultShowResponse = |shared, staff, asked| vault::show(shared, &staff, asked);
    VaultErase: vault_erase(VaultEraseRequest) -> VaultEraseResponse = |shared, staff, asked| vault::erase(shared, &staff, asked);
    VaultExport: vault_export(VaultExportRequest) -> VaultExportResponse = |shared, staff, asked| vault::export(shared, &staff, asked);
    VaultLeavers: vault_leavers(VaultLeaversRequest) -> VaultLeaversResponse = |shared, staff, asked| vault::leavers(shared, &staff, asked);
    VaultRetention: vault_retention(VaultRetentionRequest) -> VaultRetentionResponse = |shared, staff, asked| vault::retention(shared, &staff, asked);
    VaultAgreement: vault_agreement(VaultAgreementRequest) -> VaultAgreementResponse = |shared, staff, asked| vault::agreement(shared, &staff, asked);
}
