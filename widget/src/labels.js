/** The few words of the launcher; those of the panel are in strings/. */
export const LABELS = {
  en: { open: 'Open chat', close: 'Close chat', failed: 'Chat is unavailable. Try again' },
  de: { open: 'Chat öffnen', close: 'Chat schließen', failed: 'Chat nicht erreichbar. Erneut versuchen' },
  fr: { open: 'Ouvrir le chat', close: 'Fermer le chat', failed: 'Chat indisponible. Réessayer' },
  es: { open: 'Abrir chat', close: 'Cerrar chat', failed: 'Chat no disponible. Reintentar' },
  it: { open: 'Apri la chat', close: 'Chiudi la chat', failed: 'Chat non disponibile. Riprova' },
  pt: { open: 'Abrir chat', close: 'Fechar chat', failed: 'Chat indisponível. Tentar de novo' },
  nl: { open: 'Chat openen', close: 'Chat sluiten', failed: 'Chat niet beschikbaar. Probeer opnieuw' },
  pl: { open: 'Otwórz czat', close: 'Zamknij czat', failed: 'Czat niedostępny. Spróbuj ponownie' },
  tr: { open: 'Sohbeti aç', close: 'Sohbeti kapat', failed: 'Sohbet kullanılamıyor. Tekrar dene' },
  ar: { open: 'فتح المحادثة', close: 'إغلاق المحادثة', failed: 'المحادثة غير متاحة. أعد المحاولة' },
  ja: { open: 'チャットを開く', close: 'チャットを閉じる', failed: 'チャットを利用できません。再試行' },
  zh: { open: '打开聊天', close: '关闭聊天', failed: '聊天不可用，请重试' },
};
