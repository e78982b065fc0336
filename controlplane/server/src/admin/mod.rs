//! `Admin`: what people ask, one file a noun.

mod asset;
mod audit;
mod cadence;
mod calendar;
mod compare;
mod contact;
mod device;
mod kit;
mod loan;
mod operator;
mod organisation;
mod proposal;
mod school;
mod server;
mod stocktake;
mod token;
mod vault;

pub(crate) use operator::grant;
pub(crate) use vault::retention_of;

use crate::caller::{Staff, staff_of};
use crate::shared::Shared;
use std::sync::Arc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};
use wire::v1::admin_server::{Admin, AdminServer};
#[allow(clippy::wildcard_imports, reason = "a request and a response for each call there is")]
use wire::v1::*;

/// The largest message staff send, in bytes.
const REQUEST_BYTES_MAX: usize = 256 * 1024;
/// The largest page staff get, in bytes.
const PAGE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The admin service.
pub(crate) struct AdminService {
    shared: Arc<Shared>,
}

impl AdminService {
    /// The service, with its message limits.
    pub(crate) fn server(shared: Arc<Shared>) -> AdminServer<Self> {
        AdminServer::new(Self { shared })
            .max_decoding_message_size(REQUEST_BYTES_MAX)
            .max_encoding_message_size(PAGE_BYTES_MAX)
    }

    /// Who calls, and what is asked; refused to all but staff whose role allows this call.
    async fn asked<T>(&self, call: &'static str, request: Request<T>) -> Result<(Staff, T), Status> {
        let staff = staff_of(&self.shared, call, &request).await?;
        Ok((staff, request.into_inner()))
    }
}

#[tonic::async_trait]
impl Admin for AdminService {
    type DeviceWatchStream = ReceiverStream<Result<DeviceSummary, Status>>;

    async fn device_list(&self, request: Request<DeviceListRequest>) -> Result<Response<DeviceListResponse>, Status> {
        let (staff, asked) = self.asked("DeviceList", request).await?;
        device::list(&self.shared, &staff, asked).await.map(Response::new)
    }

    async fn device_show(&self, request: Request<DeviceShowRequest>) -> Result<Response<DeviceShowResponse>, Status> {
        let (staff, asked) = self.asked("DeviceShow", request).await?;
        device::show(&self.shared, &staff, &asked.device).await.map(Response::new)
    }

    async fn device_decide(
        &self,
        request: Request<DeviceDecideRequest>,
    ) -> Result<Response<DeviceDecideResponse>, Status> {
        let (staff, asked) = self.asked("DeviceDecide", request).await?;
        device::decide(&self.shared, &staff, asked).await.map(Response::new)
    }

    async fn device_watch(
        &self,
        request: Request<DeviceWatchRequest>,
    ) -> Result<Response<Self::DeviceWatchStream>, Status> {
        let (staff, asked) = self.asked("DeviceWatch", request).await?;
        device::watch(Arc::clone(&self.shared), staff, asked).await.map(Response::new)
    }

    async fn token_create(
        &self,
        request: Request<TokenCreateRequest>,
    ) -> Result<Response<TokenCreateResponse>, Status> {
        let (staff, asked) = self.asked("TokenCreate", request).await?;
        token::create(&self.shared, &staff, asked).await.map(Response::new)
    }

    async fn token_list(&self, request: Request<TokenListRequest>) -> Result<Response<TokenListResponse>, Status> {
        let (staff, asked) = self.asked("TokenList", request).await?;
        token::list(&self.shared, &staff, asked).await.map(Response::new)
    }

    async fn token_revoke(
        &self,
        request: Request<TokenRevokeRequest>,
    ) -> Result<Response<TokenRevokeResponse>, Status> {
        let (staff, asked) = self.asked("TokenRevoke", request).await?;
        token::revoke(&self.shared, &staff, asked).await.map(Response::new)
    }

    async fn asset_receive(
        &self,
        request: Request<AssetReceiveRequest>,
    ) -> Result<Response<AssetReceiveResponse>, Status> {
        let (staff, asked) = self.asked("AssetReceive", request).await?;
        asset::receive(&self.shared, &staff, asked).await.map(Response::new)
    }

    async fn asset_list(&self, request: Request<AssetListRequest>) -> Result<Response<AssetListResponse>, Status> {
        let (staff, asked) = self.asked("AssetList", request).await?;
        asset::list(&self.shared, &staff, asked).await.map(Response::new)
    }

    async fn asset_show(&self, request: Request<AssetShowRequest>) -> Result<Response<AssetShowResponse>, Status> {
        let (staff, asked) = self.asked("AssetShow", request).await?;
        asset::show(&self.shared, &staff, &asked.asset).await.map(Response::new)
    }

    async fn asset_step(&self, request: Request<AssetStepRequest>) -> Result<Response<AssetStepResponse>, Status> {
        let (staff, asked) = self.asked("AssetStep", request).await?;
        asset::step(&self.shared, &staff, asked).await.map(Response::new)
    }

    async fn asset_missing(
        &self,
        request: Request<AssetMissingRequest>,
    ) -> Result<Response<AssetMissingResponse>, Status> {
        let (staff, asked) = self.asked("AssetMissing", request).await?;
        asset::missing(&self.shared, &staff, asked).await.map(Response::new)
    }

    async fn asset_wipe(&self, request: Request<AssetWipeRequest>) -> Result<Response<AssetWipeResponse>, Status> {
        let (staff, asked) = self.asked("AssetWipe", request).await?;
        asset::wipe(&self.shared, &staff, asked).await.map(Response::new)
    }

    async fn asset_move(&self, request: Request<AssetMoveRequest>) -> Result<Response<AssetMoveResponse>, Status> {
        let (staff, asked) = self.asked("AssetMove", request).await?;
        asset::relocate(&self.shared, &staff, asked).await.map(Response::new)
    }

    async fn asset_bind(&self, request: Request<AssetBindRequest>) -> Result<Response<AssetBindResponse>, Status> {
        let (staff, asked) = self.asked("AssetBind", request).await?;
        asset::bind(&self.shared, &staff, asked).await.map(Response::new)
    }

    async fn kit_template_put(
        &self,
        request: Request<KitTemplatePutRequest>,
    ) -> Result<Response<KitTemplatePutResponse>, Status> {
        let (staff, asked) = self.asked("KitTemplatePut", request).await?;
        kit::template_keep(&self.shared, &staff, asked).await.map(Response::new)
    }

    async fn kit_template_list(
        &self,
        request: Request<KitTemplateListRequest>,
    ) -> Result<Response<KitTemplateListResponse>, Status> {
        let (_, asked) = self.asked("KitTemplateList", request).await?;
        kit::templates(&self.shared, asked).await.map(Response::new)
    }

    async fn kit_create(&self, request: Request<KitCreateRequest>) -> Result<Response<KitCreateResponse>, Status> {
        let (staff, asked) = self.asked("KitCreate", request).await?;
        kit::create(&self.shared, &staff, asked).await.map(Response::new)
    }

    async fn kit_list(&self, request: Request<KitListRequest>) -> Result<Response<KitListResponse>, Status> {
        let (staff, asked) = self.asked("KitList", request).await?;
        kit::list(&self.shared, &staff, asked).await.map(Response::new)
    }

    async fn kit_show(&self, request: Request<KitShowRequest>) -> Result<Response<KitShowResponse>, Status> {
        let (staff, asked) = self.asked("KitShow", request).await?;
        kit::show(&self.shared, &staff, &asked.kit).await.map(Response::new)
    }

    async fn kit_bind(&self, request: Request<KitBindRequest>) -> Result<Response<KitBindResponse>, Status> {
        let (staff, asked) = self.asked("KitBind", request).await?;
        kit::bind(&self.shared, &staff, asked).await.map(Response::new)
    }

    async fn kit_unbind(&self, request: Request<KitUnbindRequest>) -> Result<Response<KitUnbindResponse>, Status> {
        let (staff, asked) = self.asked("KitUnbind", request).await?;
        kit::unbind(&self.shared, &staff, asked).await.map(Response::new)
    }

    async fn kit_moves(&self, request: Request<KitMovesRequest>) -> Result<Response<KitMovesResponse>, Status> {
        let (staff, asked) = self.asked("KitMoves", request).await?;
        kit::moves(&self.shared, &staff, asked).await.map(Response::new)
    }

    async fn kit_move_decide(
        &self,
        request: Request<KitMoveDecideRequest>,
    ) -> Result<Response<KitMoveDecideResponse>, Status> {
        let (staff, asked) = self.asked("KitMoveDecide", request).await?;
        kit::move_decide(&self.shared, &staff, asked).await.map(Response::new)
    }

    async fn cadence_show(
        &self,
        request: Request<CadenceShowRequest>,
    ) -> Result<Response<CadenceShowResponse>, Status> {
        self.asked("CadenceShow", request).await?;
        cadence::show(&self.shared).await.map(Response::new)
    }

    async fn cadence_set(&self, request: Request<CadenceSetRequest>) -> Result<Response<CadenceSetResponse>, Status> {
        let (staff, asked) = self.asked("CadenceSet", request).await?;
        cadence::set(&self.shared, &staff, asked).await.map(Response::new)
    }

    async fn server_status(
        &self,
        request: Request<ServerStatusRequest>,
    ) -> Result<Response<ServerStatusResponse>, Status> {
        let (staff, _) = self.asked("ServerStatus", request).await?;
        server::status(&self.shared, &staff).await.map(Response::new)
    }

    async fn audit_list(&self, request: Request<AuditListRequest>) -> Result<Response<AuditListResponse>, Status> {
        let (staff, asked) = self.asked("AuditList", request).await?;
        audit::list(&self.shared, &staff, asked).await.map(Response::new)
    }

    async fn audit_verify(
        &self,
        request: Request<AuditVerifyRequest>,
    ) -> Result<Response<AuditVerifyResponse>, Status> {
        let (_, asked) = self.asked("AuditVerify", request).await?;
        audit::verify(&self.shared, asked).await.map(Response::new)
    }

    async fn device_decide_many(
        &self,
        request: Request<DeviceDecideManyRequest>,
    ) -> Result<Response<DeviceDecideManyResponse>, Status> {
        let (staff, asked) = self.asked("DeviceDecideMany", request).await?;
        proposal::decide_many(&self.shared, &staff, asked).await.map(Response::new)
    }

    async fn operator_invite(
        &self,
        request: Request<OperatorInviteRequest>,
    ) -> Result<Response<OperatorInviteResponse>, Status> {
        let (staff, asked) = self.asked("OperatorInvite", request).await?;
        operator::invite(&self.shared, &staff, asked).await.map(Response::new)
    }

    async fn operator_list(
        &self,
        request: Request<OperatorListRequest>,
    ) -> Result<Response<OperatorListResponse>, Status> {
        let (staff, asked) = self.asked("OperatorList", request).await?;
        operator::list(&self.shared, &staff, asked).await.map(Response::new)
    }

    async fn operator_revoke(
        &self,
        request: Request<OperatorRevokeRequest>,
    ) -> Result<Response<OperatorRevokeResponse>, Status> {
        let (staff, asked) = self.asked("OperatorRevoke", request).await?;
        operator::revoke(&self.shared, &staff, asked).await.map(Response::new)
    }

    async fn operator_self(
        &self,
        request: Request<OperatorSelfRequest>,
    ) -> Result<Response<OperatorSelfResponse>, Status> {
        let (staff, _) = self.asked("OperatorSelf", request).await?;
        operator::itself(&self.shared, &staff).await.map(Response::new)
    }

    async fn operator_renew(
        &self,
        request: Request<OperatorRenewRequest>,
    ) -> Result<Response<OperatorRenewResponse>, Status> {
        let (staff, asked) = self.asked("OperatorRenew", request).await?;
        operator::renew(&self.shared, &staff, asked).await.map(Response::new)
    }

    async fn proposal_list(
        &self,
        request: Request<ProposalListRequest>,
    ) -> Result<Response<ProposalListResponse>, Status> {
        let (staff, asked) = self.asked("ProposalList", request).await?;
        proposal::list(&self.shared, &staff, asked).await.map(Response::new)
    }

    async fn proposal_decide(
        &self,
        request: Request<ProposalDecideRequest>,
    ) -> Result<Response<ProposalDecideResponse>, Status> {
        let (staff, asked) = self.asked("ProposalDecide", request).await?;
        proposal::decide(&self.shared, &staff, asked).await.map(Response::new)
    }

    async fn device_compare(
        &self,
        request: Request<DeviceCompareRequest>,
    ) -> Result<Response<DeviceCompareResponse>, Status> {
        let (staff, asked) = self.asked("DeviceCompare", request).await?;
        compare::compare(&self.shared, &staff, asked).await.map(Response::new)
    }

    async fn device_merge(
        &self,
        request: Request<DeviceMergeRequest>,
    ) -> Result<Response<DeviceMergeResponse>, Status> {
        let (staff, asked) = self.asked("DeviceMerge", request).await?;
        compare::merge(&self.shared, &staff, asked).await.map(Response::new)
    }

    async fn device_unmerge(
        &self,
        request: Request<DeviceUnmergeRequest>,
    ) -> Result<Response<DeviceUnmergeResponse>, Status> {
        let (staff, asked) = self.asked("DeviceUnmerge", request).await?;
        compare::unmerge(&self.shared, &staff, asked).await.map(Response::new)
    }

    async fn loan_acts(&self, request: Request<LoanActsRequest>) -> Result<Response<LoanActsResponse>, Status> {
        let (staff, asked) = self.asked("LoanActs", request).await?;
        loan::acts(&self.shared, &staff, asked).await.map(Response::new)
    }

    async fn loan_list(&self, request: Request<LoanListRequest>) -> Result<Response<LoanListResponse>, Status> {
        let (staff, asked) = self.asked("LoanList", request).await?;
        loan::list(&self.shared, &staff, asked).await.map(Response::new)
    }

    async fn loan_show(&self, request: Request<LoanShowRequest>) -> Result<Response<LoanShowResponse>, Status> {
        let (staff, asked) = self.asked("LoanShow", request).await?;
        loan::show(&self.shared, &staff, &asked.loan).await.map(Response::new)
    }

    async fn loan_remind(&self, request: Request<LoanRemindRequest>) -> Result<Response<LoanRemindResponse>, Status> {
        let (staff, _) = self.asked("LoanRemind", request).await?;
        loan::remind(&self.shared, &staff).await.map(Response::new)
    }

    async fn loan_policy_show(
        &self,
        request: Request<LoanPolicyShowRequest>,
    ) -> Result<Response<LoanPolicyShowResponse>, Status> {
        self.asked("LoanPolicyShow", request).await?;
        loan::policy_show(&self.shared).await.map(Response::new)
    }

    async fn loan_policy_set(
        &self,
        request: Request<LoanPolicySetRequest>,
    ) -> Result<Response<LoanPolicySetResponse>, Status> {
        let (staff, asked) = self.asked("LoanPolicySet", request).await?;
        loan::policy_set(&self.shared, &staff, asked).await.map(Response::new)
    }

    async fn stocktake_start(
        &self,
        request: Request<StocktakeStartRequest>,
    ) -> Result<Response<StocktakeStartResponse>, Status> {
        let (staff, asked) = self.asked("StocktakeStart", request).await?;
        stocktake::start(&self.shared, &staff, asked).await.map(Response::new)
    }

    async fn stocktake_list(
        &self,
        request: Request<StocktakeListRequest>,
    ) -> Result<Response<StocktakeListResponse>, Status> {
        let (staff, asked) = self.asked("StocktakeList", request).await?;
        stocktake::list(&self.shared, &staff, asked).await.map(Response::new)
    }

    async fn stocktake_scan(
        &self,
        request: Request<StocktakeScanRequest>,
    ) -> Result<Response<StocktakeScanResponse>, Status> {
        let (staff, asked) = self.asked("StocktakeScan", request).await?;
        stocktake::scan(&self.shared, &staff, asked).await.map(Response::new)
    }

    async fn stocktake_report(
        &self,
        request: Request<StocktakeReportRequest>,
    ) -> Result<Response<StocktakeReportResponse>, Status> {
        let (staff, asked) = self.asked("StocktakeReport", request).await?;
        stocktake::report(&self.shared, &staff, asked).await.map(Response::new)
    }

    async fn stocktake_close(
        &self,
        request: Request<StocktakeCloseRequest>,
    ) -> Result<Response<StocktakeCloseResponse>, Status> {
        let (staff, asked) = self.asked("StocktakeClose", request).await?;
        stocktake::close(&self.shared, &staff, asked).await.map(Response::new)
    }

    async fn school_import(
        &self,
        request: Request<SchoolImportRequest>,
    ) -> Result<Response<SchoolImportResponse>, Status> {
        let (staff, asked) = self.asked("SchoolImport", request).await?;
        school::import(&self.shared, &staff, asked).await.map(Response::new)
    }

    async fn school_list(&self, request: Request<SchoolListRequest>) -> Result<Response<SchoolListResponse>, Status> {
        let (staff, asked) = self.asked("SchoolList", request).await?;
        school::list(&self.shared, &staff, asked).await.map(Response::new)
    }

    async fn school_show(&self, request: Request<SchoolShowRequest>) -> Result<Response<SchoolShowResponse>, Status> {
        let (staff, asked) = self.asked("SchoolShow", request).await?;
        school::show(&self.shared, &staff, asked).await.map(Response::new)
    }

    async fn organisation_set(
        &self,
        request: Request<OrganisationSetRequest>,
    ) -> Result<Response<OrganisationSetResponse>, Status> {
        let (staff, asked) = self.asked("OrganisationSet", request).await?;
        organisation::set(&self.shared, &staff, asked).await.map(Response::new)
    }

    async fn organisation_list(
        &self,
        request: Request<OrganisationListRequest>,
    ) -> Result<Response<OrganisationListResponse>, Status> {
        let (staff, asked) = self.asked("OrganisationList", request).await?;
        organisation::list(&self.shared, &staff, asked).await.map(Response::new)
    }

    async fn calendar_set(
        &self,
        request: Request<CalendarSetRequest>,
    ) -> Result<Response<CalendarSetResponse>, Status> {
        let (staff, asked) = self.asked("CalendarSet", request).await?;
        calendar::set(&self.shared, &staff, asked).await.map(Response::new)
    }

    async fn calendar_show(
        &self,
        request: Request<CalendarShowRequest>,
    ) -> Result<Response<CalendarShowResponse>, Status> {
        self.asked("CalendarShow", request).await?;
        calendar::show(&self.shared).await.map(Response::new)
    }

    async fn contact_set(&self, request: Request<ContactSetRequest>) -> Result<Response<ContactSetResponse>, Status> {
        let (staff, asked) = self.asked("ContactSet", request).await?;
        contact::set(&self.shared, &staff, asked).await.map(Response::new)
    }

    async fn contact_list(
        &self,
        request: Request<ContactListRequest>,
    ) -> Result<Response<ContactListResponse>, Status> {
        let (staff, asked) = self.asked("ContactList", request).await?;
        contact::list(&self.shared, &staff, asked).await.map(Response::new)
    }

    async fn vault_status(
        &self,
        request: Request<VaultStatusRequest>,
    ) -> Result<Response<VaultStatusResponse>, Status> {
        let (staff, _) = self.asked("VaultStatus", request).await?;
        vault::status_(&self.shared, &staff).await.map(Response::new)
    }

    async fn vault_import(
        &self,
        request: Request<VaultImportRequest>,
    ) -> Result<Response<VaultImportResponse>, Status> {
        let (staff, asked) = self.asked("VaultImport", request).await?;
        vault::import(&self.shared, &staff, asked).await.map(Response::new)
    }

    async fn vault_find(&self, request: Request<VaultFindRequest>) -> Result<Response<VaultFindResponse>, Status> {
        let (staff, asked) = self.asked("VaultFind", request).await?;
        vault::find(&self.shared, &staff, asked).await.map(Response::new)
    }

    async fn vault_show(&self, request: Request<VaultShowRequest>) -> Result<Response<VaultShowResponse>, Status> {
        let (staff, asked) = self.asked("VaultShow", request).await?;
        vault::show(&self.shared, &staff, asked).await.map(Response::new)
    }

    async fn vault_erase(&self, request: Request<VaultEraseRequest>) -> Result<Response<VaultEraseResponse>, Status> {
        let (staff, asked) = self.asked("VaultErase", request).await?;
        vault::erase(&self.shared, &staff, asked).await.map(Response::new)
    }

    async fn vault_export(
        &self,
        request: Request<VaultExportRequest>,
    ) -> Result<Response<VaultExportResponse>, Status> {
        let (staff, asked) = self.asked("VaultExport", request).await?;
        vault::export(&self.shared, &staff, asked).await.map(Response::new)
    }

    async fn vault_leavers(
        &self,
        request: Request<VaultLeaversRequest>,
    ) -> Result<Response<VaultLeaversResponse>, Status> {
        let (staff, asked) = self.asked("VaultLeavers", request).await?;
        vault::leavers(&self.shared, &staff, asked).await.map(Response::new)
    }

    async fn vault_retention(
        &self,
        request: Request<VaultRetentionRequest>,
    ) -> Result<Response<VaultRetentionResponse>, Status> {
        let (staff, asked) = self.asked("VaultRetention", request).await?;
        vault::retention(&self.shared, &staff, asked).await.map(Response::new)
    }
}
