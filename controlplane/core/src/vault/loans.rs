//! What the register of loans says of a borrower.

use super::retention::{ActOf, Loans, Standing};
use crate::error::{Error, Result};
use crate::loan::{LOAN_BORROWERS, LOANS, Loan, loan_erase, loan_find};
use crate::scope::Reach;
use crate::store::{PAGE_MAX, SharedStore};
use async_trait::async_trait;
use model::borrower::BorrowerRef;
use model::id::TerritoryId;
use serde_json::Value;

/// The loans of a fleet's store.
#[derive(Clone)]
pub struct LoanRegister(pub SharedStore);

impl LoanRegister {
    async fn loans(&self, territory: &TerritoryId, own: BorrowerRef, others: &[BorrowerRef]) -> Result<Vec<Loan>> {
        let store = self.0.as_ref();
        let mut loans = Vec::new();
        for reference in std::iter::once(&own).chain(others) {
            let scope = LOAN_BORROWERS.scope(territory, format!("{reference}/"));
            let mut after = String::new();
            loop {
                let page = LOAN_BORROWERS.page(store, &scope, &after, PAGE_MAX).await?;
                let Some(last) = page.last() else { break };
                after.clone_from(&last.id);
                for row in page {
                    let loan = LOANS.get(store, territory, row.value.to_string()).await?;
                    loans.extend(loan.map(|loan| loan.value));
                }
            }
        }
        Ok(loans)
    }
}

#[async_trait]
impl Loans for LoanRegister {
    async fn standing(&self, territory: &TerritoryId, own: BorrowerRef, others: &[BorrowerRef]) -> Result<Standing> {
        let mut standing = Standing::default();
        for loan in self.loans(territory, own, others).await? {
            if loan.state.is_over() {
                // Nothing but its end changes a loan last, save that its borrower is forgotten.
                standing.last_end = standing.last_end.max(Some(loan.changed));
                standing.over.push(loan.number);
            } else {
                standing.open.push(loan.number);
            }
        }
        Ok(standing)
    }

    async fn borrower(&self, territory: &TerritoryId, loan: &str) -> Result<Option<BorrowerRef>> {
        // How far the caller may see is judged by where the person is filed.
        match loan_find(self.0.as_ref(), territory, &Reach::territory(), loan).await {
            Ok(row) => Ok(row.value.borrower),
            Err(Error::NotFound(_) | Error::Expired(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn held(&self, territory: &TerritoryId, own: BorrowerRef, others: &[BorrowerRef]) -> Result<Vec<Value>> {
        let loans = self.loans(territory, own, others).await?;
        let written = loans.iter().map(serde_json::to_value).collect::<std::result::Result<_, _>>();
        written.map_err(|e| Error::unavailable("a loan cannot be written", e))
    }

    async fn forget(
        &self,
        territory: &TerritoryId,
        own: BorrowerRef,
        others: &[BorrowerRef],
        act: ActOf<'_>,
    ) -> Result<()> {
        for loan in self.loans(territory, own, others).await? {
            if loan.state.is_over() {
                loan_erase(&self.0, territory, loan.id, &act(&loan.number)).await?;
            }
        }
        Ok(())
    }
}
