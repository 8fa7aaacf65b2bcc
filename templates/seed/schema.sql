-- The embedded schema: what `motionctl seed apply --db sqlite` creates on demand. It fits schema-map.toml beside it and is
-- an ASSUMPTION about Motion's own tables, which are not public. Types are spelt as MariaDB has them, so that lengths are
-- known; names have no case, as under the server's usual collations. Both time columns are written by the application.

PRAGMA application_id = 1296258124; -- "MCTL"
PRAGMA user_version = 1;

CREATE TABLE motionctl (name VARCHAR(64) NOT NULL PRIMARY KEY, value VARCHAR(255) NOT NULL);
INSERT INTO motionctl (name, value) VALUES ('schema', 'embedded 1');

CREATE TABLE users (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name VARCHAR(255) NOT NULL COLLATE NOCASE UNIQUE,
    fullname VARCHAR(255),
    email VARCHAR(255),
    internal VARCHAR(255) UNIQUE,
    role VARCHAR(255) NOT NULL DEFAULT 'user',
    online TINYINT(1) NOT NULL DEFAULT 0,
    loginInPause TINYINT(1) NOT NULL DEFAULT 0,
    context VARCHAR(255),
    extensionMonitor VARCHAR(255),
    fullcontact VARCHAR(255),
    ipaddr VARCHAR(255),
    useragent VARCHAR(255),
    createdAt DATETIME NOT NULL,
    updatedAt DATETIME NOT NULL
);

CREATE TABLE voice_queues (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name VARCHAR(255) NOT NULL COLLATE NOCASE UNIQUE,
    strategy VARCHAR(255) NOT NULL,
    type VARCHAR(255) NOT NULL,
    monitor_format VARCHAR(255),
    dialActive TINYINT(1) NOT NULL DEFAULT 0,
    description VARCHAR(255),
    createdAt DATETIME NOT NULL,
    updatedAt DATETIME NOT NULL
);

CREATE TABLE chat_queues (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name VARCHAR(255) NOT NULL COLLATE NOCASE UNIQUE,
    strategy VARCHAR(255) NOT NULL,
    timeout INTEGER NOT NULL,
    weight INTEGER NOT NULL DEFAULT 0,
    description VARCHAR(255),
    createdAt DATETIME NOT NULL,
    updatedAt DATETIME NOT NULL
);

CREATE TABLE mail_queues (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name VARCHAR(255) NOT NULL COLLATE NOCASE UNIQUE,
    strategy VARCHAR(255) NOT NULL,
    timeout INTEGER NOT NULL,
    weight INTEGER NOT NULL DEFAULT 0,
    description VARCHAR(255),
    createdAt DATETIME NOT NULL,
    updatedAt DATETIME NOT NULL
);

CREATE TABLE sms_queues (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name VARCHAR(255) NOT NULL COLLATE NOCASE UNIQUE,
    strategy VARCHAR(255) NOT NULL,
    timeout INTEGER NOT NULL,
    weight INTEGER NOT NULL DEFAULT 0,
    description VARCHAR(255),
    createdAt DATETIME NOT NULL,
    updatedAt DATETIME NOT NULL
);

CREATE TABLE openchannel_queues (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name VARCHAR(255) NOT NULL COLLATE NOCASE UNIQUE,
    strategy VARCHAR(255) NOT NULL,
    timeout INTEGER NOT NULL,
    weight INTEGER NOT NULL DEFAULT 0,
    description VARCHAR(255),
    createdAt DATETIME NOT NULL,
    updatedAt DATETIME NOT NULL
);

CREATE TABLE fax_queues (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name VARCHAR(255) NOT NULL COLLATE NOCASE UNIQUE,
    strategy VARCHAR(255) NOT NULL,
    timeout INTEGER NOT NULL,
    weight INTEGER NOT NULL DEFAULT 0,
    description VARCHAR(255),
    createdAt DATETIME NOT NULL,
    updatedAt DATETIME NOT NULL
);

CREATE TABLE whatsapp_queues (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name VARCHAR(255) NOT NULL COLLATE NOCASE UNIQUE,
    strategy VARCHAR(255) NOT NULL,
    timeout INTEGER NOT NULL,
    weight INTEGER NOT NULL DEFAULT 0,
    description VARCHAR(255),
    createdAt DATETIME NOT NULL,
    updatedAt DATETIME NOT NULL
);

CREATE TABLE video_queues (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name VARCHAR(255) NOT NULL COLLATE NOCASE UNIQUE,
    strategy VARCHAR(255) NOT NULL,
    timeout INTEGER NOT NULL,
    weight INTEGER NOT NULL DEFAULT 0,
    description VARCHAR(255),
    createdAt DATETIME NOT NULL,
    updatedAt DATETIME NOT NULL
);

CREATE TABLE agent_profiles (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name VARCHAR(255) NOT NULL COLLATE NOCASE UNIQUE,
    enabled TINYINT(1) NOT NULL DEFAULT 1,
    description VARCHAR(255),
    createdAt DATETIME NOT NULL,
    updatedAt DATETIME NOT NULL
);

CREATE TABLE agent_profile_has_users (
    AgentProfileId INTEGER NOT NULL REFERENCES agent_profiles (id),
    UserId INTEGER NOT NULL REFERENCES users (id),
    createdAt DATETIME NOT NULL,
    updatedAt DATETIME NOT NULL,
    PRIMARY KEY (AgentProfileId, UserId)
);
CREATE INDEX agent_profile_has_users_user ON agent_profile_has_users (UserId);

CREATE TABLE agent_profile_has_voice_queues (
    AgentProfileId INTEGER NOT NULL REFERENCES agent_profiles (id),
    VoiceQueueId INTEGER NOT NULL REFERENCES voice_queues (id),
    penalty INTEGER NOT NULL DEFAULT 0,
    createdAt DATETIME NOT NULL,
    updatedAt DATETIME NOT NULL,
    PRIMARY KEY (AgentProfileId, VoiceQueueId)
);
CREATE INDEX agent_profile_has_voice_queues_queue ON agent_profile_has_voice_queues (VoiceQueueId);

CREATE TABLE agent_profile_has_chat_queues (
    AgentProfileId INTEGER NOT NULL REFERENCES agent_profiles (id),
    ChatQueueId INTEGER NOT NULL REFERENCES chat_queues (id),
    createdAt DATETIME NOT NULL,
    updatedAt DATETIME NOT NULL,
    PRIMARY KEY (AgentProfileId, ChatQueueId)
);
CREATE INDEX agent_profile_has_chat_queues_queue ON agent_profile_has_chat_queues (ChatQueueId);

CREATE TABLE agent_profile_has_mail_queues (
    AgentProfileId INTEGER NOT NULL REFERENCES agent_profiles (id),
    MailQueueId INTEGER NOT NULL REFERENCES mail_queues (id),
    createdAt DATETIME NOT NULL,
    updatedAt DATETIME NOT NULL,
    PRIMARY KEY (AgentProfileId, MailQueueId)
);
CREATE INDEX agent_profile_has_mail_queues_queue ON agent_profile_has_mail_queues (MailQueueId);

CREATE TABLE agent_profile_has_sms_queues (
    AgentProfileId INTEGER NOT NULL REFERENCES agent_profiles (id),
    SmsQueueId INTEGER NOT NULL REFERENCES sms_queues (id),
    createdAt DATETIME NOT NULL,
    updatedAt DATETIME NOT NULL,
    PRIMARY KEY (AgentProfileId, SmsQueueId)
);
CREATE INDEX agent_profile_has_sms_queues_queue ON agent_profile_has_sms_queues (SmsQueueId);

CREATE TABLE agent_profile_has_openchannel_queues (
    AgentProfileId INTEGER NOT NULL REFERENCES agent_profiles (id),
    OpenchannelQueueId INTEGER NOT NULL REFERENCES openchannel_queues (id),
    createdAt DATETIME NOT NULL,
    updatedAt DATETIME NOT NULL,
    PRIMARY KEY (AgentProfileId, OpenchannelQueueId)
);
CREATE INDEX agent_profile_has_openchannel_queues_queue ON agent_profile_has_openchannel_queues (OpenchannelQueueId);

CREATE TABLE agent_profile_has_fax_queues (
    AgentProfileId INTEGER NOT NULL REFERENCES agent_profiles (id),
    FaxQueueId INTEGER NOT NULL REFERENCES fax_queues (id),
    createdAt DATETIME NOT NULL,
    updatedAt DATETIME NOT NULL,
    PRIMARY KEY (AgentProfileId, FaxQueueId)
);
CREATE INDEX agent_profile_has_fax_queues_queue ON agent_profile_has_fax_queues (FaxQueueId);

CREATE TABLE agent_profile_has_whatsapp_queues (
    AgentProfileId INTEGER NOT NULL REFERENCES agent_profiles (id),
    WhatsappQueueId INTEGER NOT NULL REFERENCES whatsapp_queues (id),
    createdAt DATETIME NOT NULL,
    updatedAt DATETIME NOT NULL,
    PRIMARY KEY (AgentProfileId, WhatsappQueueId)
);
CREATE INDEX agent_profile_has_whatsapp_queues_queue ON agent_profile_has_whatsapp_queues (WhatsappQueueId);

CREATE TABLE agent_profile_has_video_queues (
    AgentProfileId INTEGER NOT NULL REFERENCES agent_profiles (id),
    VideoQueueId INTEGER NOT NULL REFERENCES video_queues (id),
    createdAt DATETIME NOT NULL,
    updatedAt DATETIME NOT NULL,
    PRIMARY KEY (AgentProfileId, VideoQueueId)
);
CREATE INDEX agent_profile_has_video_queues_queue ON agent_profile_has_video_queues (VideoQueueId);

CREATE TABLE user_has_voice_queues (
    UserId INTEGER NOT NULL REFERENCES users (id),
    VoiceQueueId INTEGER NOT NULL REFERENCES voice_queues (id),
    createdAt DATETIME NOT NULL,
    updatedAt DATETIME NOT NULL,
    PRIMARY KEY (UserId, VoiceQueueId)
);
CREATE INDEX user_has_voice_queues_queue ON user_has_voice_queues (VoiceQueueId);

CREATE TABLE user_has_chat_queues (
    UserId INTEGER NOT NULL REFERENCES users (id),
    ChatQueueId INTEGER NOT NULL REFERENCES chat_queues (id),
    createdAt DATETIME NOT NULL,
    updatedAt DATETIME NOT NULL,
    PRIMARY KEY (UserId, ChatQueueId)
);
CREATE INDEX user_has_chat_queues_queue ON user_has_chat_queues (ChatQueueId);

CREATE TABLE user_has_mail_queues (
    UserId INTEGER NOT NULL REFERENCES users (id),
    MailQueueId INTEGER NOT NULL REFERENCES mail_queues (id),
    createdAt DATETIME NOT NULL,
    updatedAt DATETIME NOT NULL,
    PRIMARY KEY (UserId, MailQueueId)
);
CREATE INDEX user_has_mail_queues_queue ON user_has_mail_queues (MailQueueId);

CREATE TABLE user_has_sms_queues (
    UserId INTEGER NOT NULL REFERENCES users (id),
    SmsQueueId INTEGER NOT NULL REFERENCES sms_queues (id),
    createdAt DATETIME NOT NULL,
    updatedAt DATETIME NOT NULL,
    PRIMARY KEY (UserId, SmsQueueId)
);
CREATE INDEX user_has_sms_queues_queue ON user_has_sms_queues (SmsQueueId);

CREATE TABLE user_has_openchannel_queues (
    UserId INTEGER NOT NULL REFERENCES users (id),
    OpenchannelQueueId INTEGER NOT NULL REFERENCES openchannel_queues (id),
    createdAt DATETIME NOT NULL,
    updatedAt DATETIME NOT NULL,
    PRIMARY KEY (UserId, OpenchannelQueueId)
);
CREATE INDEX user_has_openchannel_queues_queue ON user_has_openchannel_queues (OpenchannelQueueId);

CREATE TABLE user_has_fax_queues (
    UserId INTEGER NOT NULL REFERENCES users (id),
    FaxQueueId INTEGER NOT NULL REFERENCES fax_queues (id),
    createdAt DATETIME NOT NULL,
    updatedAt DATETIME NOT NULL,
    PRIMARY KEY (UserId, FaxQueueId)
);
CREATE INDEX user_has_fax_queues_queue ON user_has_fax_queues (FaxQueueId);

CREATE TABLE user_has_whatsapp_queues (
    UserId INTEGER NOT NULL REFERENCES users (id),
    WhatsappQueueId INTEGER NOT NULL REFERENCES whatsapp_queues (id),
    createdAt DATETIME NOT NULL,
    updatedAt DATETIME NOT NULL,
    PRIMARY KEY (UserId, WhatsappQueueId)
);
CREATE INDEX user_has_whatsapp_queues_queue ON user_has_whatsapp_queues (WhatsappQueueId);

CREATE TABLE user_has_video_queues (
    UserId INTEGER NOT NULL REFERENCES users (id),
    VideoQueueId INTEGER NOT NULL REFERENCES video_queues (id),
    createdAt DATETIME NOT NULL,
    updatedAt DATETIME NOT NULL,
    PRIMARY KEY (UserId, VideoQueueId)
);
CREATE INDEX user_has_video_queues_queue ON user_has_video_queues (VideoQueueId);

CREATE TABLE report_member (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    membername VARCHAR(255),
    channel VARCHAR(255),
    type VARCHAR(255),
    data1 VARCHAR(255),
    data2 VARCHAR(255),
    data3 VARCHAR(255),
    data4 VARCHAR(255),
    enterAt DATETIME,
    exitAt DATETIME,
    duration INTEGER,
    createdAt DATETIME NOT NULL,
    updatedAt DATETIME NOT NULL
);
CREATE INDEX report_member_member ON report_member (membername, exitAt);

CREATE TABLE user_profiles (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name VARCHAR(255) NOT NULL COLLATE NOCASE UNIQUE,
    createdAt DATETIME NOT NULL,
    updatedAt DATETIME NOT NULL
);

CREATE TABLE user_profile_has_permissions (
    UserProfileId INTEGER NOT NULL REFERENCES user_profiles (id),
    section VARCHAR(255) NOT NULL,
    canView TINYINT(1) NOT NULL DEFAULT 0,
    canRead TINYINT(1) NOT NULL DEFAULT 0,
    canEdit TINYINT(1) NOT NULL DEFAULT 0,
    canDelete TINYINT(1) NOT NULL DEFAULT 0,
    createdAt DATETIME NOT NULL,
    updatedAt DATETIME NOT NULL,
    PRIMARY KEY (UserProfileId, section)
);
