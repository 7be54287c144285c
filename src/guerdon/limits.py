"""Every bound in one place, each with its reason.

A name carries its unit and ends in `_max`, `_min`, `_seconds`, `_days` ... . Nothing outside this
module writes such a number down.
"""

# --- HTTP: what one request may cost -------------------------------------------------------------
body_bytes_max = 1_048_576  # a documented Meditopia batch of 100 is 14 KB; purchases 256 KB
conscent_body_bytes_max = 65_536  # one event object
woowup_body_bytes_max = 262_144  # WoowUp documents 256 KB for purchases
header_bytes_max = 16_384  # what nginx and browsers stay under
headers_max = 100
url_bytes_max = 8_192
header_seconds_max = 5.0  # a slow header or body costs the sender more than us
body_seconds_max = 10.0
keep_alive_seconds = 75
shutdown_seconds_max = 20
inflight_requests_max = 2_048  # per worker; above it: 503 with Retry-After
connections_max = 4_096
body_grace_seconds = 1.0  # the room's own refusal of a slow body comes first
write_seconds_max = 30.0  # a sender that does not read its answers
linger_seconds = 2.0  # after a refusal, so that the sender can read it before the connection ends
linger_bytes_max = 4_194_304
unread_bytes_max = 65_536  # of a body the handler has not asked for yet; then reading pauses
hosts_cache_max = 1_024
heads_known_max = 4_096  # of requests read before, at most 8 MiB of them
head_known_bytes_max = 2_048
sweep_seconds = 0.25  # how often the deadlines of all connections are looked at
descriptors_reserved = 64  # kept for files and the database when connections are counted
connections_min = 8
port_backlog = 2_048
inflated_ratio_max = 20  # a bomb inflates a thousandfold, JSON of events five- to tenfold
inflated_bytes_free = 65_536  # up to here the ratio does not matter: a short text may repeat itself
route_cache_max = 4_096  # resolved paths kept; forgotten all at once when full
route_cache_path_bytes_max = 256
retry_after_seconds = 1  # what a 503 of ours asks for
form_fields_max = 1_000  # parameters in one query string or form body
form_depth_max = 8  # brackets in one parameter's name
upload_bytes_max = 2_097_152  # a file that comes with a form: an avatar, a photo
upload_parts_max = 100  # fields and files of one multipart body
multipart_boundary_chars_max = 70  # RFC 2046 5.1.1
forwarded_hops_max = 32  # addresses in X-Forwarded-For or Forwarded; more is an attack
forwarded_bytes_max = 4_096
peers_cache_max = 4_096  # parsed addresses kept

header_lines_cache_max = 256
collector_allocations = 50_000  # a young collection's worth: requests leave no cycles behind

# --- JSON: what a body may hold ------------------------------------------------------------------
json_depth_max = 32
json_keys_max = 2_000  # keys and array items; a batch of 100 events of ten fields has 1,101
string_chars_max = 8_192
integer_abs_max = 2**53 - 1  # JavaScript rounds beyond it
data_bytes_max = 16_384  # one activity's data as canonical JSON

# --- Activities ----------------------------------------------------------------------------------
batch_events_max = 100  # Meditopia documents 100
append_events_max = 10_000  # one unit of work
type_chars_max = 128  # Conscent's event types
woowup_name_chars_max = 255
identity_chars_max = 255
name_chars_max = 255  # of a tenant, of an administrator
token_chars_max = 2_048  # Meditopia tokens are 155 characters today
rule_rate_max = 10_000 * 1_000_000  # ten-thousandths: a multiplier, or points for a unit of money
rule_label_multipliers_max = 100
invitations_per_day_max = 100  # by one member; more is somebody mailing strangers
rules_slice_positions = 16_384  # of the journal, looked through by the rules in one transaction
rules_slice_activities = 400  # of those that rules are about; a transfer takes 0.05 ms
rules_rest_activities = 4_096  # the same while nobody waits: a page is written once for all of them
clock_jump_seconds_max = 86_400  # a step of the machine's clock that is believed while we run
clock_skew_seconds_max = 300  # how far in the future an activity may claim to be

# --- Pages ---------------------------------------------------------------------------------------
page_items_max = 100  # documented by WoowUp and Open Loyalty
page_number_max = 1_000_000
latest_activities_looked_at = 200  # of a member's newest: two whole batches may come late
woowup_page_items = 25  # documented default
woowup_transactions_max = 1_000  # a member's movements of points in one answer
search_members_max = 20_000  # looked at by one free-text search; beyond it the answer says so
search_slice_members = 500  # looked at between two turns of the reader
openloyalty_page_items = 10  # documented default
openloyalty_rows_deep_max = 10_000  # how far page numbers reach; what its own search engine allows
form_text_chars_max = 255  # a field of a form, where no other bound is documented
seconds_shown_max = 10_000  # recording times kept as text

# --- Idempotency and outcomes --------------------------------------------------------------------
idempotency_key_chars_max = 255
idempotency_days = 30
idempotency_window_days = 8  # keys are kept in windows so that old ones never slow new ones down
batch_replay_hours = 24  # a Meditopia batch sent again within it is the same batch
outcome_days = 30
outcomes_max = 100_000  # per tenant
outcome_body_bytes_max = 65_536  # enough for a whole Meditopia batch of 100 documented events

# --- Credentials ---------------------------------------------------------------------------------
key_bits = 160
member_token_bytes = 116  # 155 characters of URL-safe base64, as the documented ones
credential_bytes_max = 4_096  # a key or token in a header; a JWT of ours is under 1 KiB
limiter_windows_max = 10_000  # keys or addresses a rate limiter remembers
limiter_segment_seconds = 30  # WoowUp's estimator uses two segments of this length
failure_segment_seconds = 60
ipv6_source_bits = 64  # one subscriber's network, so one source of wrong keys
auth_cache_seconds = 1.0  # how long a revoked key may go on working
login_failures_per_minute_max = 10
key_failures_per_minute_max = 100  # wrong keys from one address
jwt_leeway_seconds = 30
jwt_lifetime_seconds_max = 86_400
refresh_token_days = 30
password_chars_max = 1_024
password_chars_min = 8  # NIST SP 800-63B 5.1.1.2
api_key_chars_min = 16  # of a permanent token that somebody made up
password_checks_running_max = 2  # each takes 64 MiB and a core for 50 ms
password_checks_waiting_max = 64  # above it: 503
even_answer_seconds = (
    0.1  # whether a message was owed, which a commit of some milliseconds would tell
)
login_body_bytes_max = 16_384  # a name, a password of 1,024 characters, both escaped
refresh_token_bytes = 32
signing_key_bits = 2_048  # NIST SP 800-57: 112-bit security, fast to verify
members_remembered_max = 500_000  # of a programme, by each worker: their uuids
tokens_remembered_max = 10_000  # signed tokens whose signature was checked a moment ago
preflight_seconds = 600  # how long a browser may remember a CORS answer

# --- Members -------------------------------------------------------------------------------------
member_details_bytes_max = 65_536  # all of one member's; a change brings 16 KB at most
activation_token_bytes = 10  # 20 hexadecimal characters, as documented
activation_token_seconds = 7 * 86_400
member_code_digits = 6  # as documented: short enough to be typed from a phone
member_code_seconds = 3_600
member_code_tries_max = 64  # to find one nobody is waiting with
reset_token_bytes = 28  # with the tenant's number before them, 43 characters as documented
reset_token_seconds = 3_600
avatar_bytes_max = 262_144  # a face of 512 pixels is 60 KB
avatar_name_chars_max = 255
push_tokens_max = 20  # devices of one member
push_token_chars_max = 255
member_labels_max = 50
member_coupons_shown_max = 100  # in one answer about one member; the newest
registration_days_shown = 30  # as the documented answer shows
expiring_lots_shown_max = 1_000  # lots of one member that expire in one month

# --- Committer -----------------------------------------------------------------------------------
group_units_max = 512  # units of work in one commit
conflict_tries_max = 50  # of a command whose new id others took first; each time one of them got on
group_events_max = 4_096  # rows in one commit
# What any other command counts as. 32 of them take the committer 3 ms: while it runs these, workers
# answer those before and read those after. In one group of all who wait, each waits for the other.
command_events = 128
queue_units_max = 20_000  # waiting for the committer; above it: 503
frame_bytes_max = 64 * 1_048_576
# Journal rows not packed yet before they are; a member's page scans them: 3.5 ms. Under the
# heaviest load it is up to what some thousand commits bring.
index_tail_rows_max = 32_768
index_batch_rows_max = 262_144  # packed together: 10 MiB while they are gathered
busy_milliseconds_max = 5_000
database_seconds_max = 5  # one statement, or one wait for a lock
database_brief_seconds_max = 0.1  # for a lock that was waited for in vain just before
database_grace_seconds = 1.0  # the server's own limit comes first
database_idle_seconds_max = 10  # in a transaction nobody works on: it holds a tenant's head
database_retry_seconds = 1.0  # between attempts to reach a server that refused
upkeep_busy_seconds = 0.005  # background work between two groups of commands
upkeep_idle_seconds = 0.02  # the same while no command waits: the longest one then has to
upkeep_hurried_seconds = 0.1  # after a command: others may follow, so slices are short
upkeep_hurried_items_max = 48  # of a slice then: some 2 ms
upkeep_way_seconds = 0.01  # so long a slice makes way for commands, then it goes on to its end
upkeep_look_seconds = 0.000_1  # after which a slice that can make way looks whether one has come
clockwork_duties_max = 256  # due things of a kind done in one slice: 15 ms
clockwork_seconds = 60  # how late something due at an hour may be noticed
upkeep_lease_seconds = 5  # after which another process takes a silent one's background work over
statements_waiting_max = 500  # changes that travel with the next question; each holds its values
copy_rows_min = 256  # below it one INSERT of whole columns saves COPY's two round trips
audit_rows_scanned_max = 20_000  # decisions one search looks at: 40 ms
audit_rows_listed_max = 100_000  # in one archive or one sheet; some 40 MB
forgotten_retry_seconds = 2.0  # until a line of the list beside the database is tried again
erasure_slice_rows = 500  # activities, purchases or invitations looked at in one transaction
erasure_slice_outcomes = 20  # of 64 KB at most
sweep_every_groups = 16  # while commands wait; each time costs a checkpoint
sweep_pages = 256  # cleared of what is gone between two groups: a megabyte, about 1 ms
sqlite_statements_max = 512  # kept prepared; every sixteen rows of a batch use up a place
wal_pages_round = 2_000  # 8 MiB are moved at a time: what changes often is written once
wal_part_pages = 32  # of them the disk is given at once, about 1 ms: so long a commit waits
wal_parts_max = 64  # of a round, each of which waits for Python as well
wal_pages_at_once_max = 256  # moved between two groups, about 5 ms where they lie all over the file
wal_pages_anew = 16_000  # 64 MiB: then that is done, and the log begins anew; read by a start
wal_pages_hasty = 32_000  # 128 MiB: then it is moved by a thread that gives way to nobody
wal_pages_max = 64_000  # 256 MiB: then commits wait until the log is moved
wal_bytes_max = 256 * 1_048_576

# --- Outgoing ------------------------------------------------------------------------------------
webhook_seconds_max = 15.0  # Standard Webhooks: 15 to 30 s
webhook_response_bytes_max = 65_536
webhook_url_chars_max = 2_048
delivery_lease_seconds = 60
delivery_seconds = (0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
delivery_jitter_percent = 10  # so that what failed together does not come back together
retry_after_seconds_max = 86_400  # the longest gap of the schedule
deliveries_running_max = 128  # sockets open at once, of all tenants
deliveries_per_target_max = 4  # of those for one receiver; 1 while it is failing
deliveries_waiting_per_target_max = 32  # claimed and waiting for their turn
deliveries_waiting_max = 1_024  # of all targets; a body is a few kilobytes
delivery_start_seconds_max = 30  # after it was claimed; the rest of the lease is for the attempt
failing_targets_max = 10_000  # remembered as failing; forgotten all at once when full
webhook_port_min = 8_000  # beside 80 and 443; below it live SSH, SMTP, Redis, IRC ...
webhook_secret_bytes_min = 24  # Standard Webhooks: 24 to 64
webhook_secret_bytes_max = 64
webhook_secret_bytes = 32
delivery_detail_chars_max = 1_024  # of what a receiver answered, kept for the operator
mail_seconds_max = 20.0
mail_farewell_seconds_max = 2.0  # the server has the message already
mail_address_chars_max = 254  # RFC 5321 4.5.3.1.3, without the angle brackets
mail_local_part_chars_max = 64  # RFC 5321 4.5.3.1.1
mail_subject_chars_max = 255
log_field_chars_max = 2_048
log_refusals_per_second_max = 50  # lines about refused requests; the rest are counted, not printed

# --- Settings ------------------------------------------------------------------------------------
port_max = 65_535
workers_max = 256
workers_usual_max = 4  # where nobody says how many; each holds some 70 MiB
secret_key_bytes = 32  # AES-256, HMAC-SHA256
secret_key_chars_min = 32  # a passphrase; hex and base64 of 32 bytes are longer

# --- Processes -----------------------------------------------------------------------------------
worker_stop_seconds = 14.0  # of shutdown_seconds_max, for the requests in flight
delivery_stop_seconds = 3.0  # and then for the deliveries under way, which are taken again anyway
worker_start_seconds_max = 60.0
worker_restarts_max = 5  # within worker_restart_seconds; more is a defect that restarts repeat
worker_restart_seconds = 60.0
orphan_seconds_max = 2.0  # what a worker has to refuse what is in flight when its parent is gone
trouble_seconds = 5.0  # how long a failed store keeps a worker from being called ready
lock_wait_seconds = 5.0  # for a command that holds the store for a moment
lock_retry_seconds = 0.05
demo_rules_seconds = 30.0  # for the demo's points, on a machine that has much else to do
socket_path_bytes_max = 107  # unix(7): sun_path, without its final zero byte
disk_free_bytes_min = 1_073_741_824  # below it the doctor says so
tally_bytes_max = 65_536  # one worker's counts; a room and a status take 30
tally_seconds = 1.0  # how old another worker's counts may be in an answer

# --- Points --------------------------------------------------------------------------------------
points_hundredths_max = 10**15  # below 2**53, so that JavaScript clients stay exact
points_issued_hundredths_max = 4 * 10**18  # of a programme in all: a sum that 63 bits hold
points_days_max = 36_500  # a hundred years of validity, or of waiting

# --- Levels and segments -------------------------------------------------------------------------
sweep_members_max = 100  # looked at again in one slice when definitions change: some 20 ms
levels_max = 200  # of one tenant: all of them are compared at every change of points
special_rewards_max = 100  # of one level
segments_max = 500  # of one tenant: all active ones are asked at every purchase
segment_criteria_max = 100  # of one segment
segment_days_max = 36_500  # of one criterion: a century
segment_values_max = 1_000  # places, products, labels or members in one criterion
csv_members_max = 200_000  # rows of one sheet: some 30 MB
csv_slice_members = 500  # read between two turns of the reader

# --- Purchases -----------------------------------------------------------------------------------
money_ten_thousandths_max = 10**13  # a thousand million; JSON numbers keep four digits behind it
purchase_items_max = 500
purchase_labels_max = 50  # of one purchase, and of one item
purchase_labels_asked_max = 3  # by which a list is filtered at once
item_quantity_max = 1_000_000
item_labels_listed_max = 10_000
setting_words_max = 1_000  # SKUs or categories that a setting names

# --- Rewards -------------------------------------------------------------------------------------
codes_max = 100_000  # a reward's codes in stock; all of them are read when the stock is changed
codes_per_decision = 1_000  # 16 KB of codes as shops make them
codes_shown_max = 1_000  # of each reward in a list; one reward shows all of them
code_chars_max = 255
coupons_at_once_max = 100  # bought, or marked as used, by one request
reward_audience_counted_max = 2_000  # members of several segments at once, counted one by one
codes_body_bytes_max = 4_194_304  # codes_max codes of 30 characters as JSON
codes_body_values_max = 101_000  # and everything else a reward says
picture_bytes_max = 1_048_576  # of a reward, a level ...: a screen's width as JPEG is 200 KB
pictures_max = 20  # of one of them
reward_text_chars_max = 8_192  # a description in Markdown
reward_days_max = 36_500  # until a coupon begins or ends

# --- Imports -------------------------------------------------------------------------------------
import_bytes_max = 67_108_864  # 100,000 members with everything documented are 60 MB
import_rows_max = 250_000
import_row_nodes_max = 8_000  # elements of one row; 500 items with a label each have 6,500
import_depth_max = 12
import_group_rows = 256  # submitted together: others' commands wait for 60 ms at most
import_replay_hours = 24  # the same file within it is the same import
import_days = 30  # how long an import's results are kept
