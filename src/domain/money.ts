/** An amount exactly as the donor paid it. Never a float: `amount` is plain decimal text such as `500.00`. */
export interface Money {
  amount: string
  /** ISO 4217 in capitals. The list is open: platforms add currencies without notice. */
  currency: string
}

/** Twelve digits before the point are more than any donation; more is a broken payload, not a rich donor. */
const DECIMAL = /^(\d{1,12})(?:\.(\d{1,8}))?$/
const CURRENCY = /^[A-Z]{3}$/

/**
 * Reads an amount that a platform sent as an integer, a float or text, without passing through binary fractions:
 * a JSON number's shortest decimal form is what the platform meant.
 * @returns `undefined` where it is no amount of money.
 */
export function parseMoney(amount: unknown, currency: unknown): Money | undefined {
  if (typeof amount !== 'number' && typeof amount !== 'string') return undefined
  const match = DECIMAL.exec(String(amount).trim())
  const code = typeof currency === 'string' ? currency.trim().toUpperCase() : ''
  if (!match || !CURRENCY.test(code)) return undefined
  const whole = (match[1] ?? '').replace(/^0+(?=\d)/, '')
  const fraction = (match[2] ?? '').replace(/0+$/, '').padEnd(2, '0')
  return { amount: `${whole}.${fraction}`, currency: code }
}

/**
 * The amount as a person reads it: `500 ₽`, `$22.50`. `Intl` takes the decimal text itself, so no digit is lost;
 * whole amounts are shown without a fraction.
 */
export function formatMoney({ amount, currency }: Money, locale: string): string {
  const whole = /^\d+\.0*$/.test(amount)
  try {
    return new Intl.NumberFormat(locale, {
      style: 'currency',
      currency,
      // In Russian the Belarusian rouble's sign reads as a rouble, thirty times less.
      currencyDisplay: currency === 'BYN' ? 'code' : 'narrowSymbol',
      ...(whole ? { minimumFractionDigits: 0, maximumFractionDigits: 0 } : {}),
    }).format(amount as Intl.StringNumericLiteral)
  } catch {
    return `${amount} ${currency}`
  }
}
