-- Webhooks that an OAuth app of ours has registered with Jira, which end unless they are refreshed.
CREATE TABLE jira_webhooks (
    tenant TEXT NOT NULL,
    integration TEXT NOT NULL,
    webhook TEXT NOT NULL,                     -- Jira's number
    source TEXT NOT NULL,                      -- whose address they are sent to
    url TEXT NOT NULL,
    events TEXT NOT NULL,                      -- JSON
    jql TEXT NOT NULL,
    expires_at BIGINT NOT NULL,                -- milliseconds
    refreshing_until BIGINT NOT NULL DEFAULT 0, -- the node that refreshes it has until then
    trouble TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (tenant, integration, webhook)
);
