"""Make public comparisons of agencies: announcements, sealed bids, panels, score sheets, remarks."""

from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

SHA256 = "~ '^[0-9a-f]{64}$'"
PRINCIPAL = "current_setting('app.principal', true)"


def upgrade() -> None:
    _files()
    _selections()
    _bids()
    _panels()
    _contracts()
    op.execute("ALTER TABLE market.role_grants DROP CONSTRAINT role_grants_role_known")
    op.execute("""
        ALTER TABLE market.role_grants ADD CONSTRAINT role_grants_role_known CHECK (role IN (
            'supplier', 'buyer', 'operator_acceptor', 'operator_technical_reviewer',
            'operator_issuer', 'operator_adjudicator', 'agency_reviewer', 'expert', 'regulator',
            'system_administrator', 'security_administrator', 'audit_administrator'))""")


def _files() -> None:
    # A file that is sealed for a case is its owner's alone until the case is unsealed: neither staff,
    # regulator nor a job of ours sees it before.
    op.execute("""
        CREATE TABLE catalog.file_unsealings (
            case_id uuid PRIMARY KEY,
            at timestamptz NOT NULL
        )""")
    _append_only("file_unsealings")
    op.execute("GRANT SELECT, INSERT ON catalog.file_unsealings TO market_api")
    op.execute("ALTER TABLE catalog.files ADD COLUMN sealed_for uuid")
    op.execute("DROP POLICY files_of_their_readers ON catalog.files")
    op.execute("""
        CREATE POLICY files_of_their_readers ON catalog.files
        USING ((catalog.sees_all() AND (sealed_for IS NULL OR EXISTS (
                    SELECT 1 FROM catalog.file_unsealings u WHERE u.case_id = sealed_for)))
               OR owner_party_id = catalog.acting_party()
               OR EXISTS (SELECT 1 FROM catalog.file_readers r
                           WHERE r.file_id = id AND r.party_id = catalog.acting_party()
                             AND r.until IS NULL))
        WITH CHECK (catalog.sees_all() OR owner_party_id = catalog.acting_party())""")


def _selections() -> None:
    op.execute("""
        CREATE TABLE catalog.agency_selections (
            id uuid PRIMARY KEY,
            selection_number text NOT NULL,
            title text NOT NULL CONSTRAINT agency_selection_has_a_title CHECK (title <> ''),
            operator_party_id uuid NOT NULL,
            rulebook text NOT NULL,
            state text NOT NULL CONSTRAINT agency_selections_state_known CHECK (state IN (
                'open', 'opened', 'in_evaluation', 'evaluated', 'awarded', 'failed')),
            criteria jsonb NOT NULL,
            qualifications jsonb NOT NULL,
            panel_size integer NOT NULL,
            seats integer NOT NULL,
            announced_at timestamptz NOT NULL,
            announced_by uuid,
            bids_until date NOT NULL,
            closes_at timestamptz NOT NULL,
            follows uuid REFERENCES catalog.agency_selections (id),
            opened_at timestamptz,
            evaluated_at timestamptz,
            ranking jsonb NOT NULL,
            winners jsonb NOT NULL,
            awarded_at timestamptz,
            failed_at timestamptz,
            result text,
            CONSTRAINT agency_selection_number_once UNIQUE (operator_party_id, selection_number),
            CONSTRAINT bids_are_opened_after_the_window CHECK (opened_at >= closes_at),
            CONSTRAINT opened_selection_says_when CHECK ((state = 'open') = (opened_at IS NULL)),
            CONSTRAINT awarded_selection_has_two_winners CHECK (
                (state = 'awarded') = (awarded_at IS NOT NULL)
                AND (state = 'awarded') = (jsonb_array_length(winners) >= 2)),
            CONSTRAINT failed_selection_says_when CHECK (
                (state = 'failed') = (failed_at IS NOT NULL)),
            CONSTRAINT a_result_is_told CHECK (
                (state IN ('awarded', 'failed')) = (result IS NOT NULL))
        )""")
    op.execute("GRANT SELECT, INSERT ON catalog.agency_selections TO market_api")
    op.execute("""
        GRANT UPDATE (state, opened_at, evaluated_at, ranking, winners, awarded_at, failed_at, result)
            ON catalog.agency_selections TO market_api""")
    op.execute("""
        CREATE TABLE catalog.agency_selection_remarks (
            id uuid PRIMARY KEY,
            selection_id uuid NOT NULL REFERENCES catalog.agency_selections (id),
            kind text NOT NULL CONSTRAINT selection_remark_kind_known CHECK (
                kind IN ('comment', 'objection')),
            text text NOT NULL CONSTRAINT selection_remark_says_something CHECK (text <> ''),
            authority_party_id uuid NOT NULL,
            made_by uuid,
            made_at timestamptz NOT NULL,
            settled_at timestamptz,
            settlement text,
            CONSTRAINT only_an_objection_is_settled CHECK (
                kind = 'objection' OR settled_at IS NULL),
            CONSTRAINT it_is_said_how_it_was_settled CHECK (
                (settled_at IS NULL) = (settlement IS NULL))
        )""")
    op.execute("""
        CREATE INDEX agency_selection_remarks_by_selection
            ON catalog.agency_selection_remarks (selection_id, id)""")
    _fence("agency_selection_remarks", "catalog.sees_all()")
    op.execute("GRANT SELECT, INSERT ON catalog.agency_selection_remarks TO market_api")
    op.execute("""
        GRANT UPDATE (settled_at, settlement)
            ON catalog.agency_selection_remarks TO market_api""")


def _bids() -> None:
    op.execute(f"""
        CREATE TABLE catalog.agency_bids (
            id uuid PRIMARY KEY,
            selection_id uuid NOT NULL REFERENCES catalog.agency_selections (id),
            agency_party_id uuid NOT NULL,
            sha256 text NOT NULL CONSTRAINT agency_bid_sha256_is_hex CHECK (sha256 {SHA256}),
            handed_in_at timestamptz NOT NULL,
            handed_in_by uuid,
            replaced_at timestamptz,
            withdrawn_at timestamptz,
            opened_at timestamptz,
            CONSTRAINT what_was_taken_back_is_never_opened CHECK (
                num_nonnulls(replaced_at, withdrawn_at, opened_at) <= 1)
        )""")
    op.execute("""
        CREATE UNIQUE INDEX one_standing_bid_of_an_agency
            ON catalog.agency_bids (selection_id, agency_party_id)
         WHERE replaced_at IS NULL AND withdrawn_at IS NULL""")
    op.execute("""
        CREATE TABLE catalog.agency_bid_contents (
            bid_id uuid PRIMARY KEY REFERENCES catalog.agency_bids (id),
            selection_id uuid NOT NULL REFERENCES catalog.agency_selections (id),
            agency_party_id uuid NOT NULL,
            document bytea NOT NULL
        )""")
    op.execute("""
        CREATE INDEX agency_bid_contents_by_selection
            ON catalog.agency_bid_contents (selection_id)""")
    _append_only("agency_bid_contents")
    # What the operation says, said once more where no operation can forget it.
    op.execute("""
        CREATE FUNCTION catalog.keep_the_bid_window() RETURNS trigger LANGUAGE plpgsql AS
        $$ DECLARE s record;
        BEGIN
            SELECT opened_at, closes_at INTO s FROM catalog.agency_selections WHERE id = NEW.selection_id;
            IF TG_OP = 'INSERT' AND (s.opened_at IS NOT NULL OR NEW.handed_in_at >= s.closes_at) THEN
                RAISE EXCEPTION 'the window for bids is over'
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'bid_comes_in_its_window';
            END IF;
            IF NEW.opened_at IS NOT NULL AND s.opened_at IS NULL THEN
                RAISE EXCEPTION 'a bid is opened with its selection'
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'bid_opens_with_its_selection';
            END IF;
            RETURN NEW;
        END $$""")
    op.execute("""
        CREATE TRIGGER agency_bids_keep_their_window BEFORE INSERT OR UPDATE ON catalog.agency_bids
        FOR EACH ROW EXECUTE FUNCTION catalog.keep_the_bid_window()""")


def _panels() -> None:
    op.execute(f"""
        CREATE TABLE catalog.agency_panels (
            selection_id uuid PRIMARY KEY REFERENCES catalog.agency_selections (id),
            commitment jsonb NOT NULL,
            commitment_sha256 text NOT NULL
                CONSTRAINT agency_panel_commitment_is_hex CHECK (commitment_sha256 {SHA256}),
            entry_id uuid NOT NULL,
            checkpoint_size bigint,
            seed text CONSTRAINT agency_panel_seed_is_hex CHECK (seed {SHA256}),
            experts jsonb NOT NULL,
            recusals jsonb NOT NULL,
            drawn_at timestamptz,
            concluded_entry_id uuid,
            CONSTRAINT a_drawn_panel_has_its_seed CHECK (
                (drawn_at IS NULL) = (seed IS NULL)
                AND (drawn_at IS NULL) = (checkpoint_size IS NULL))
        )""")
    op.execute("ALTER TABLE catalog.agency_panels ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE catalog.agency_panels FORCE ROW LEVEL SECURITY")
    # Who sits in a panel is public with the result and not before.
    op.execute(f"""
        CREATE POLICY agency_panels_of_those_who_sit ON catalog.agency_panels
        USING (catalog.sees_all() OR experts ? {PRINCIPAL} OR EXISTS (
                   SELECT 1 FROM catalog.agency_selections s
                    WHERE s.id = selection_id AND s.state IN ('awarded', 'failed')))
        WITH CHECK (catalog.sees_all())""")
    op.execute("GRANT SELECT, INSERT ON catalog.agency_panels TO market_api")
    op.execute("""
        GRANT UPDATE (checkpoint_size, seed, experts, recusals, drawn_at, concluded_entry_id)
            ON catalog.agency_panels TO market_api""")

    sits = f"""EXISTS (SELECT 1 FROM catalog.agency_panels p
                        WHERE p.selection_id = {{0}}.selection_id AND p.experts ? {PRINCIPAL})"""
    own = "agency_party_id = catalog.acting_party()"
    _fence("agency_bids", f"catalog.sees_all() OR {own} OR {sits.format('agency_bids')}")
    op.execute("GRANT SELECT, INSERT ON catalog.agency_bids TO market_api")
    op.execute("""
        GRANT UPDATE (replaced_at, withdrawn_at, opened_at) ON catalog.agency_bids TO market_api""")
    # The seal: until a bid is opened, its content is its agency's alone. No clearance opens it.
    is_opened = """EXISTS (SELECT 1 FROM catalog.agency_bids b
                            WHERE b.id = bid_id AND b.opened_at IS NOT NULL)"""
    _fence(
        "agency_bid_contents",
        f"{own} OR ({is_opened} AND (catalog.sees_all() OR {sits.format('agency_bid_contents')}))",
        f"{own}",
    )
    op.execute("GRANT SELECT, INSERT ON catalog.agency_bid_contents TO market_api")

    op.execute("""
        CREATE TABLE catalog.agency_score_sheets (
            id uuid PRIMARY KEY,
            selection_id uuid NOT NULL REFERENCES catalog.agency_selections (id),
            expert uuid NOT NULL,
            scores jsonb NOT NULL,
            handed_in_at timestamptz NOT NULL,
            CONSTRAINT one_sheet_of_an_expert UNIQUE (selection_id, expert)
        )""")
    _append_only("agency_score_sheets")
    _fence("agency_score_sheets", f"catalog.sees_all() OR expert::text = {PRINCIPAL}")
    op.execute("GRANT SELECT, INSERT ON catalog.agency_score_sheets TO market_api")


def _contracts() -> None:
    op.execute("""
        ALTER TABLE catalog.agency_contracts
            ADD COLUMN selection_id uuid REFERENCES catalog.agency_selections (id)""")
    op.execute("""
        CREATE UNIQUE INDEX one_contract_of_an_award
            ON catalog.agency_contracts (selection_id, agency_party_id)""")
    # The days of a contract run for the public; nobody meets them but time.
    op.execute("""
        UPDATE catalog.timers SET against = 'public', party_id = NULL
         WHERE kind = 'agency_contract'""")
    # Contracts from before this day name the number of a selection held elsewhere, and have no other.
    op.execute("""
        CREATE FUNCTION catalog.keep_contracts_to_winners() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN
            IF NOT EXISTS (SELECT 1 FROM catalog.agency_selections s
                            WHERE s.id = NEW.selection_id AND s.state = 'awarded'
                              AND s.operator_party_id = NEW.operator_party_id
                              AND s.winners ? NEW.agency_party_id::text) THEN
                RAISE EXCEPTION 'only who won a selection is contracted'
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'contract_is_with_a_winner';
            END IF;
            RETURN NEW;
        END $$""")
    op.execute("""
        CREATE TRIGGER agency_contracts_are_with_winners BEFORE INSERT ON catalog.agency_contracts
        FOR EACH ROW EXECUTE FUNCTION catalog.keep_contracts_to_winners()""")


def _fence(table: str, sees: str, writes: str | None = None) -> None:
    op.execute(f"ALTER TABLE catalog.{table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE catalog.{table} FORCE ROW LEVEL SECURITY")
    op.execute(f"""
        CREATE POLICY {table}_of_those_concerned ON catalog.{table}
        USING ({sees}) WITH CHECK ({writes or sees})""")


def _append_only(table: str) -> None:
    op.execute(f"""
        CREATE TRIGGER {table}_are_never_changed BEFORE UPDATE OR DELETE ON catalog.{table}
        FOR EACH ROW EXECUTE FUNCTION catalog.refuse_change()""")
    op.execute(f"""
        CREATE TRIGGER {table}_are_never_emptied BEFORE TRUNCATE ON catalog.{table}
        FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change()""")


def downgrade() -> None:
    op.execute("ALTER TABLE market.role_grants DROP CONSTRAINT role_grants_role_known")
    op.execute("""
        ALTER TABLE market.role_grants ADD CONSTRAINT role_grants_role_known CHECK (role IN (
            'supplier', 'buyer', 'operator_acceptor', 'operator_technical_reviewer',
            'operator_issuer', 'operator_adjudicator', 'agency_reviewer', 'regulator',
            'system_administrator', 'security_administrator', 'audit_administrator'))""")
    op.execute("DROP TRIGGER agency_contracts_are_with_winners ON catalog.agency_contracts")
    op.execute("DROP FUNCTION catalog.keep_contracts_to_winners()")
    op.execute("ALTER TABLE catalog.agency_contracts DROP COLUMN selection_id")
    for table in (
        "agency_score_sheets",
        "agency_bid_contents",
        "agency_bids",
        "agency_panels",
        "agency_selection_remarks",
        "agency_selections",
    ):
        op.execute(f"DROP TABLE catalog.{table} CASCADE")
    op.execute("DROP FUNCTION catalog.keep_the_bid_window()")
    op.execute("DROP POLICY files_of_their_readers ON catalog.files")
    op.execute("""
        CREATE POLICY files_of_their_readers ON catalog.files
        USING (catalog.sees_all() OR owner_party_id = catalog.acting_party()
               OR EXISTS (SELECT 1 FROM catalog.file_readers r
                           WHERE r.file_id = id AND r.party_id = catalog.acting_party()
                             AND r.until IS NULL))
        WITH CHECK (catalog.sees_all() OR owner_party_id = catalog.acting_party())""")
    op.execute("ALTER TABLE catalog.files DROP COLUMN sealed_for")
    op.execute("DROP TABLE catalog.file_unsealings")
