// Package obs is how the process is observed: logs, metrics and health.
//
//	NewLogger     slog with the secrets and message texts taken out
//	Redact        the same for a string: a URL, a form, headers, an error
//	NewMetrics    the metric sets, one per room, with their labels resolved once
//	RegisterGauges  how the queue and the connectors are, asked at every scrape
//	Health        /livez and /readyz
//	AdminHandler  the pages of the admin listener
//
// Nothing here knows the product's types, and no metric carries a label that a
// customer can choose. The zero Metrics, and nil sets in it, do nothing, so that
// tests need no registry.
package obs
