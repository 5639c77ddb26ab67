type Forms = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string }

/** Number and noun in the form that the language wants: `plural('ru', 3, { one: 'донат', few: 'доната', … })` → `3 доната`. */
export function plural(locale: string, count: number, forms: Forms): string {
  const form = forms[new Intl.PluralRules(locale).select(count)] ?? forms.other
  return `${new Intl.NumberFormat(locale).format(count)} ${form}`
}
