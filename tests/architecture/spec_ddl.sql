-- The 15 tables of the specification (implementation plan, section 1.4), for comparison only.
-- 1. Users (Multi-tenant support)
CREATE TABLE users (
    id INT AUTO_INCREMENT PRIMARY KEY,
    email VARCHAR(255) UNIQUE NOT NULL,
    password_hash VARCHAR(255) NOT NULL,
    name VARCHAR(100),
    role ENUM('admin', 'user', 'agent') DEFAULT 'user',
    subscription_status ENUM('trial', 'active', 'expired', 'none') DEFAULT 'none',
    current_package_id INT NULL,
    is_active BOOLEAN DEFAULT TRUE,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP
);

-- 1a. Subscription Packages
CREATE TABLE subscription_packages (
    id INT AUTO_INCREMENT PRIMARY KEY,
    name VARCHAR(100) NOT NULL,
    price DECIMAL(10, 2) NOT NULL,
    duration_days INT NOT NULL,
    max_devices INT DEFAULT 1,
    max_contacts INT DEFAULT 1000,
    features JSON, -- e.g. {"ai_reply": true, "rotator": false}
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

-- 1b. User Subscriptions
CREATE TABLE user_subscriptions (
    id INT AUTO_INCREMENT PRIMARY KEY,
    user_id INT NOT NULL,
    package_id INT NOT NULL,
    start_date TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    end_date TIMESTAMP NOT NULL,
    status ENUM('active', 'expired', 'cancelled') DEFAULT 'active',
    payment_status ENUM('pending', 'paid', 'failed') DEFAULT 'pending',
    payment_reference VARCHAR(255),
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE,
    FOREIGN KEY (package_id) REFERENCES subscription_packages(id)
);

-- 2. Devices (Connected WhatsApp Sessions)
CREATE TABLE devices (
    id INT AUTO_INCREMENT PRIMARY KEY,
    user_id INT,
    session_name VARCHAR(100) UNIQUE NOT NULL,
    phone_number VARCHAR(20),
    display_name VARCHAR(100),
    status ENUM('STARTING', 'SCAN_QR', 'CONNECTED', 'DISCONNECTED', 'FAILED') DEFAULT 'STARTING',
    is_active_for_broadcast BOOLEAN DEFAULT TRUE,
    last_seen_at TIMESTAMP NULL,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
    FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE SET NULL
);

-- 3. Contacts (Multi-tenant: user_id for isolation)
CREATE TABLE contacts (
    id INT AUTO_INCREMENT PRIMARY KEY,
    user_id INT NOT NULL,
    phone VARCHAR(20) NOT NULL,
    name VARCHAR(100),
    tags JSON DEFAULT '[]',
    source VARCHAR(100),
    metadata JSON DEFAULT '{}',
    is_active BOOLEAN DEFAULT TRUE,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
    UNIQUE KEY unique_user_phone (user_id, phone),
    INDEX idx_phone (phone),
    INDEX idx_source (source)
);

-- 4. Contact Tags (Normalized for better querying)
CREATE TABLE contact_tags (
    id INT AUTO_INCREMENT PRIMARY KEY,
    name VARCHAR(50) UNIQUE NOT NULL,
    color VARCHAR(7) DEFAULT '#3B82F6',
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

-- 5. Campaigns (Multi-tenant: user_id for isolation)
CREATE TABLE campaigns (
    id INT AUTO_INCREMENT PRIMARY KEY,
    user_id INT NOT NULL,
    name VARCHAR(255) NOT NULL,
    message_template TEXT NOT NULL,
    media_url VARCHAR(500) NULL,
    media_type ENUM('image', 'video', 'document', 'audio') NULL,
    target_tags JSON DEFAULT '[]',
    target_count INT DEFAULT 0,
    sent_count INT DEFAULT 0,
    failed_count INT DEFAULT 0,
    status ENUM('DRAFT', 'PENDING', 'PROCESSING', 'PAUSED', 'COMPLETED', 'CANCELLED') DEFAULT 'DRAFT',
    scheduled_at TIMESTAMP NULL,
    started_at TIMESTAMP NULL,
    completed_at TIMESTAMP NULL,
    delay_min INT DEFAULT 5,
    delay_max INT DEFAULT 20,
    created_by INT,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
    INDEX idx_status (status),
    INDEX idx_user (user_id)
);

-- 6. Campaign Logs
CREATE TABLE campaign_logs (
    id INT AUTO_INCREMENT PRIMARY KEY,
    campaign_id INT NOT NULL,
    contact_id INT NOT NULL,
    device_id INT,
    phone VARCHAR(20) NOT NULL,
    message_sent TEXT,
    status ENUM('QUEUED', 'SENDING', 'SENT', 'DELIVERED', 'READ', 'FAILED') DEFAULT 'QUEUED',
    error_message TEXT NULL,
    waha_message_id VARCHAR(100) NULL,
    sent_at TIMESTAMP NULL,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    FOREIGN KEY (campaign_id) REFERENCES campaigns(id) ON DELETE CASCADE,
    FOREIGN KEY (contact_id) REFERENCES contacts(id) ON DELETE CASCADE,
    FOREIGN KEY (device_id) REFERENCES devices(id) ON DELETE SET NULL,
    INDEX idx_campaign_status (campaign_id, status),
    INDEX idx_contact (contact_id)
);

-- 7. Auto Replies (Multi-tenant: user_id for isolation)
CREATE TABLE auto_replies (
    id INT AUTO_INCREMENT PRIMARY KEY,
    user_id INT NOT NULL,
    keyword VARCHAR(100) NOT NULL,
    match_type ENUM('EXACT', 'CONTAINS', 'STARTS_WITH', 'REGEX') DEFAULT 'CONTAINS',
    response_text TEXT NOT NULL,
    media_url VARCHAR(500) NULL,
    media_type ENUM('image', 'video', 'document', 'audio') NULL,
    is_active BOOLEAN DEFAULT TRUE,
    priority INT DEFAULT 0,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
    INDEX idx_keyword (keyword),
    INDEX idx_active (is_active),
    INDEX idx_user (user_id)
);

-- 8. Link Rotators (Multi-tenant: user_id for isolation)
CREATE TABLE link_rotators (
    id INT AUTO_INCREMENT PRIMARY KEY,
    user_id INT NOT NULL,
    slug VARCHAR(100) NOT NULL,
    name VARCHAR(255),
    target_numbers JSON NOT NULL,
    default_message VARCHAR(500) DEFAULT 'Hello!',
    rotation_type ENUM('RANDOM', 'SEQUENTIAL', 'WEIGHTED') DEFAULT 'SEQUENTIAL',
    click_count INT DEFAULT 0,
    current_index INT DEFAULT 0,
    is_active BOOLEAN DEFAULT TRUE,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
    UNIQUE KEY unique_user_slug (user_id, slug),
    INDEX idx_slug (slug),
    INDEX idx_user (user_id)
);

-- 9. Link Rotator Clicks (Analytics)
CREATE TABLE link_rotator_clicks (
    id INT AUTO_INCREMENT PRIMARY KEY,
    rotator_id INT NOT NULL,
    redirected_to VARCHAR(20) NOT NULL,
    ip_address VARCHAR(45),
    user_agent TEXT,
    referer VARCHAR(500),
    clicked_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    FOREIGN KEY (rotator_id) REFERENCES link_rotators(id) ON DELETE CASCADE,
    INDEX idx_rotator (rotator_id),
    INDEX idx_clicked (clicked_at)
);

-- 10. Chat Sessions (For Human Takeover)
CREATE TABLE chat_sessions (
    id INT AUTO_INCREMENT PRIMARY KEY,
    phone VARCHAR(20) NOT NULL,
    device_id INT,
    is_bot_active BOOLEAN DEFAULT TRUE,
    last_message_at TIMESTAMP NULL,
    assigned_to INT NULL,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
    UNIQUE KEY unique_phone_device (phone, device_id),
    FOREIGN KEY (device_id) REFERENCES devices(id) ON DELETE CASCADE,
    FOREIGN KEY (assigned_to) REFERENCES users(id) ON DELETE SET NULL
);

-- 11. Chat Messages (Inbox Cache)
CREATE TABLE chat_messages (
    id INT AUTO_INCREMENT PRIMARY KEY,
    session_id INT NOT NULL,
    waha_message_id VARCHAR(100),
    direction ENUM('INBOUND', 'OUTBOUND') NOT NULL,
    message_type ENUM('text', 'image', 'video', 'audio', 'document', 'location', 'contact') DEFAULT 'text',
    content TEXT,
    media_url VARCHAR(500) NULL,
    is_from_bot BOOLEAN DEFAULT FALSE,
    timestamp TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    FOREIGN KEY (session_id) REFERENCES chat_sessions(id) ON DELETE CASCADE,
    INDEX idx_session (session_id),
    INDEX idx_timestamp (timestamp)
);

-- 12. AI Providers (Quota Tracking)
CREATE TABLE ai_providers (
    id INT AUTO_INCREMENT PRIMARY KEY,
    name VARCHAR(50) NOT NULL,
    api_key_masked VARCHAR(20),
    model VARCHAR(100),
    endpoint VARCHAR(500),
    daily_limit INT DEFAULT 100,
    monthly_limit INT DEFAULT 1000,
    daily_used INT DEFAULT 0,
    monthly_used INT DEFAULT 0,
    last_daily_reset DATE DEFAULT (CURRENT_DATE),
    last_monthly_reset DATE DEFAULT (CURRENT_DATE),
    is_active BOOLEAN DEFAULT TRUE,
    priority INT DEFAULT 0,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
    INDEX idx_active (is_active),
    INDEX idx_priority (priority)
);

-- 13. Blacklist (Unsubscribed Contacts)
CREATE TABLE blacklist (
    id INT AUTO_INCREMENT PRIMARY KEY,
    user_id INT NOT NULL,
    phone VARCHAR(20) NOT NULL,
    reason ENUM('UNSUBSCRIBE', 'SPAM_REPORT', 'MANUAL', 'BOUNCE') DEFAULT 'UNSUBSCRIBE',
    source_message TEXT NULL,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    UNIQUE KEY unique_user_phone (user_id, phone),
    INDEX idx_phone (phone)
);
