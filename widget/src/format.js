/** Dates and amounts as the customer's language writes them. */
export function money({ amount, currency }, language) {
  try {
    return new Intl.NumberFormat(language, { style: 'currency', currency }).format(amount);
  } catch {
    return `${amount} ${currency ?? ''}`; // a currency that no one knows
  }
}

export function day(iso, language, withTime = false) {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return '';
  return new Intl.DateTimeFormat(language, {
    dateStyle: 'medium',
    ...(withTime && { timeStyle: 'short' }),
  }).format(date);
}
