/* Each subcommand, defined in the file named for it. */
#ifndef SUBCOMMANDS_H
#define SUBCOMMANDS_H

#include "command_table.h"

#include <jansson.h>

/* The next days with which something of an account ends, as its view has them. */
void account_ends_show(const json_t *answer);
extern const struct subcommand account_show_command;
extern const struct subcommand authority_install_command;
extern const struct subcommand authority_request_command;
extern const struct subcommand authority_sign_command;
extern const struct subcommand backup_verify_command;
extern const struct subcommand branch_invite_command;
extern const struct subcommand branch_join_command;
extern const struct subcommand branch_list_command;
extern const struct subcommand branch_resume_command;
extern const struct subcommand branch_resolve_command;
extern const struct subcommand branch_retire_command;
extern const struct subcommand branch_suspend_command;
extern const struct subcommand card_issue_command;
extern const struct subcommand card_loss_command;
extern const struct subcommand card_replace_command;
extern const struct subcommand card_show_command;
extern const struct subcommand cluster_init_command;
extern const struct subcommand completion_command;
extern const struct subcommand exposure_command;
extern const struct subcommand freeze_command;
extern const struct subcommand history_command;
extern const struct subcommand limits_set_command;
extern const struct subcommand limits_show_command;
extern const struct subcommand lot_list_command;
extern const struct subcommand member_add_command;
extern const struct subcommand member_find_command;
extern const struct subcommand mint_approve_command;
extern const struct subcommand mint_pending_command;
extern const struct subcommand node_backup_command;
extern const struct subcommand node_doctor_command;
extern const struct subcommand node_restore_command;
extern const struct subcommand node_status_command;
extern const struct subcommand office_branches_command;
extern const struct subcommand office_days_command;
extern const struct subcommand office_holders_command;
extern const struct subcommand office_liability_command;
extern const struct subcommand office_expired_command;
extern const struct subcommand organisation_set_command;
extern const struct subcommand product_list_command;
extern const struct subcommand product_publish_command;
extern const struct subcommand quota_set_command;
extern const struct subcommand quota_show_command;
extern const struct subcommand hold_capture_command;
extern const struct subcommand hold_list_command;
extern const struct subcommand hold_place_command;
extern const struct subcommand hold_release_command;
extern const struct subcommand hold_show_command;
extern const struct subcommand recovery_key_new_command;
extern const struct subcommand refund_command;
extern const struct subcommand request_list_command;
extern const struct subcommand request_refund_command;
extern const struct subcommand rights_move_command;
extern const struct subcommand risk_set_command;
extern const struct subcommand risk_show_command;
extern const struct subcommand sale_show_command;
extern const struct subcommand spend_command;
extern const struct subcommand sync_status_command;
extern const struct subcommand ticket_command;
extern const struct subcommand till_add_command;
extern const struct subcommand till_list_command;
extern const struct subcommand topup_command;
extern const struct subcommand transfer_command;
extern const struct subcommand unfreeze_command;
extern const struct subcommand verify_command;

#endif
