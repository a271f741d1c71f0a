"""All settings, read from the environment; .env.example names each."""

from pathlib import Path

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from pipeline_crm import env

# Where we are ---------------------------------------------------------------------------------------------------------

BASE_DIR = Path(__file__).resolve().parent.parent
VAR = Path(env.text("VAR", str(BASE_DIR / "var"))).resolve()
EVALUATION = env.flag("EVALUATION")
ROLE = env.choice("ROLE", "command", among={"web", "worker", "beat", "command"})
SITE_URL = env.text("SITE_URL", "http://127.0.0.1:8000").rstrip("/")
HTTPS = SITE_URL.startswith("https://")

DEBUG = False
SECRET_KEY = env.text("SECRET_KEY") or (env.kept_secret(VAR / "secret_key") if EVALUATION else "")
if not SECRET_KEY:
    raise ImproperlyConfigured("SECRET_KEY is not set. Set it to a long random text that nobody else knows.")
# Health checks ask from the machine itself, whatever the site is called.
ALLOWED_HOSTS = [*env.words("ALLOWED_HOSTS"), "127.0.0.1", "localhost", "[::1]"]
CSRF_TRUSTED_ORIGINS = [SITE_URL] if HTTPS else []

# What runs ------------------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "django_htmx",
    "template_partials",
    "rules.apps.AutodiscoverRulesConfig",
    "csp",
    "anymail",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "pipeline_crm.foundation",
    "pipeline_crm.accounts",
    "pipeline_crm.jobs",
    "leads",
    "deals",
    "analytics",
    "pipeline_crm",
]
MIDDLEWARE = [
    "pipeline_crm.foundation.encoding.EncodingMiddleware",
    "pipeline_crm.foundation.middleware.KeepingMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "pipeline_crm.foundation.tabs.TabMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "pipeline_crm.foundation.middleware.SignInMiddleware",
    "pipeline_crm.accounts.middleware.PreferencesMiddleware",
    "pipeline_crm.foundation.middleware.RefusalMiddleware",
]
ROOT_URLCONF = "pipeline_crm.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "pipeline_crm.assets.context",
            ],
        },
    }
]
FORM_RENDERER = "pipeline_crm.foundation.forms.Renderer"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# PostgreSQL -----------------------------------------------------------------------------------------------------------

DATABASE_URL = env.required("DATABASE_URL")
WEB_THREADS = env.number("WEB_THREADS", 8)
_OPTIONS = {  # what PostgreSQL ends by itself, by who asks; a command typed by a person may take its time
    "web": {
        "options": "-c statement_timeout=15s -c lock_timeout=3s -c idle_in_transaction_session_timeout=30s",
        "pool": {"min_size": 2, "max_size": WEB_THREADS, "timeout": 5},
    },
    "worker": {"options": "-c statement_timeout=10min -c lock_timeout=3s -c idle_in_transaction_session_timeout=5min"},
}
DATABASES = {
    "default": env.database(DATABASE_URL)
    | {
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": _OPTIONS.get(ROLE, {}),
    }
}

# Valkey: the cache lives in a logical database of its own, so emptying it never empties a queue -----------------------

REDIS_URL = env.required("REDIS_URL")
CACHE_URL = env.text("CACHE_URL") or env.redis_with_number(REDIS_URL, (env.redis_number(REDIS_URL) + 8) % 16)
CACHES = {
    "default": {
        "BACKEND": "pipeline_crm.cache.ForgivingCache",
        "LOCATION": CACHE_URL,
        "TIMEOUT": 3600,
        "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},
    }
}

# Celery carries wake-ups; the truth is the job row --------------------------------------------------------------------

CELERY_BROKER_URL = env.celery_broker(REDIS_URL)
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_DEFAULT_QUEUE = "fast"
CELERY_TASK_CREATE_MISSING_QUEUES = True
CELERY_TASK_PUBLISH_RETRY = True
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_step": 0.2, "interval_max": 0.2}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_TIMEOUT = 2
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 900,
    "unacked_restore_interval": 10,
    "socket_timeout": 5 if ROLE == "worker" else 2,
    "socket_connect_timeout": 2,
    "socket_keepalive": True,
}
if ROLE != "worker":  # whoever rings for a worker does not wait for a broker that is away: the sweeper rings again
    CELERY_BROKER_TRANSPORT_OPTIONS |= {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"

# People and sign-in: by e-mail address, accounts are made by an administrator -----------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "rules.permissions.ObjectPermissionBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "pipeline_crm.accounts.adapter.AccountAdapter"
ALLAUTH_TRUSTED_PROXY_COUNT = env.number("TRUSTED_PROXIES", 0)  # the senders' addresses come from X-Forwarded-For then
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_LOGOUT_REDIRECT_URL = LOGIN_URL
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Pipeline CRM"

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "pipeline_crm.foundation.middleware.stale_page"

# What a browser may do ------------------------------------------------------------------------------------------------

# The chart library in the plotly wheel, the fall-back, carries a map's style sheet that it adds to the page by itself.
# It draws no maps here; the sheet is let through by its hash so that the browser reports nothing.
WHEEL_CHARTS_STYLE = "'sha256-ji27qzEtxXZW+7dun6UwjHXJ18e6WAin1VvNtkzIE/o='"
_HAS_SMALL_CHARTS = (BASE_DIR / "static" / "vendor" / "plotly-basic.min.js").exists()

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF] if _HAS_SMALL_CHARTS else [SELF, WHEEL_CHARTS_STYLE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
if HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = env.number("HSTS_SECONDS", 365 * 24 * 3600)

# Language, time -------------------------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_TZ = True
TIME_ZONE = "UTC"

# Files ----------------------------------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = Path(env.text("STATIC_ROOT", str(VAR / "staticfiles")))
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "pipeline_crm.assets.WheelFinder",
    "pipeline_crm.foundation.icons.IconFinder",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "pipeline_crm.foundation.static_files.Storage"},
}
WHITENOISE_MAX_AGE = 3600
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
LARGEST_BODY = env.number("LARGEST_BODY_MB", 50) * 1024 * 1024
MEDIA_ROOT = Path(env.text("MEDIA_ROOT", str(VAR / "media")))

# Mail -----------------------------------------------------------------------------------------------------------------

EMAIL_HOST = env.text("EMAIL_HOST")
EMAIL_PORT = env.number("EMAIL_PORT", 587)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", default=True)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.text("EMAIL_FROM", "Pipeline CRM <crm@localhost>")
EMAIL_REPLIES = env.text("EMAIL_REPLIES")  # where answers reach us, beside the colleague in whose name a mail goes out
EMAIL_PROVIDER = env.text("EMAIL_PROVIDER")  # a backend of django-anymail, in small letters
ANYMAIL = {"REQUESTS_TIMEOUT": 10} | env.pairs("EMAIL_PROVIDER_OPTIONS")
ANYMAIL["WEBHOOK_SECRET"] = env.text("EMAIL_WEBHOOK_SECRET")  # name:password; without one no hook is open
IMAP_HOST = env.text("IMAP_HOST")  # the mailbox that is read for answers
IMAP_PORT = env.number("IMAP_PORT", 993)
IMAP_TLS = env.flag("IMAP_TLS", default=True)
IMAP_USER = env.text("IMAP_USER")
IMAP_PASSWORD = env.text("IMAP_PASSWORD")
IMAP_FOLDER = env.text("IMAP_FOLDER", "INBOX")
IMAP_TOKEN_URL = env.text("IMAP_TOKEN_URL")  # with it, access by OAuth instead of the password
IMAP_CLIENT_ID = env.text("IMAP_CLIENT_ID")
IMAP_CLIENT_SECRET = env.text("IMAP_CLIENT_SECRET")
IMAP_REFRESH_TOKEN = env.text("IMAP_REFRESH_TOKEN")
if EMAIL_PROVIDER:
    EMAIL_BACKEND = f"anymail.backends.{EMAIL_PROVIDER}.EmailBackend"
elif EMAIL_HOST:
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
else:  # nothing leaves this machine: mails can be read as files
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = VAR / "mail"

# What is written down -------------------------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.text("LOG_LEVEL", "WARNING").upper()},
    "loggers": {
        "django": {"handlers": [], "level": "WARNING", "propagate": True},
        "django.server": {"handlers": [], "propagate": True},
        "celery": {"level": "WARNING"},
    },
}
SILENCED_SYSTEM_CHECKS: list[str] = []
