import { useFormat, useTexts } from '../ui/language.tsx'
import { DonationConnection } from './donation-connection.tsx'
import { LedgerList } from './ledger-list.tsx'
import { useSession } from './session.ts'

export function DonationsSection() {
  const texts = useTexts().donations
  return (
    <div class="stack">
      <h1>{texts.title}</h1>
      <DonationConnection />
      <section class="card flush">
        <div class="card-head">
          <h2>{texts.ledger}</h2>
        </div>
        <Totals />
        <LedgerList />
      </section>
    </div>
  )
}

function Totals() {
  const texts = useTexts().donations
  const format = useFormat()
  const { ledger } = useSession()
  const totals = ledger.totals.value
  if (ledger.items.value === null) return null
  return (
    <div class="totals">
      <p class="light-title">{totals.length === 0 ? texts.totalNone : texts.total}</p>
      {totals.length > 0 && (
        <ul class="totals-list">
          {totals.map((total) => (
            <li key={total.currency}>
              <span class="money big">{format.money(total)}</span>
              <span class="muted small">{texts.totalCount(total.count)}</span>
            </li>
          ))}
        </ul>
      )}
      <p class="muted small">{texts.totalNote}</p>
    </div>
  )
}
