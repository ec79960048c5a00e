import { judge, LONGEST, SHORTEST } from "../model/password.ts";
import { PasswordField } from "./form.tsx";

interface Props {
  password: string;
  onPassword(password: string): void;
  autofocus?: boolean;
}

/** The field of a new password, with its rules and how strong it is. */
export function NewPassword({ password, onPassword, autofocus = false }: Props) {
  const { strength, words } = judge(password);
  return (
    <div class="new-password">
      <PasswordField
        label="New password"
        name="new-password"
        autocomplete="new-password"
        minLength={SHORTEST}
        maxLength={LONGEST}
        required
        autofocus={autofocus}
        value={password}
        onInput={(event) => onPassword(event.currentTarget.value)}
        hint={`At least ${SHORTEST} characters; a few unrelated words are easy to remember and hard to guess.`}
      />
      <div class={`strength strength-${strength}`} aria-hidden="true">
        {[1, 2, 3, 4].map((step) => (
          <i key={step} class={step <= strength ? "reached" : ""} />
        ))}
      </div>
      <p class="field-hint" role="status" data-testid="strength">
        {password === "" ? "" : words}
      </p>
    </div>
  );
}

/** Whether the server has a chance to take it. */
export function isAcceptable(password: string): boolean {
  return judge(password).strength > 0;
}
