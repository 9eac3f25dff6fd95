export default {
  title: "Sign in to Alir",
  subtitle: "WhatsApp broadcasts, replies and links as one flow.",
  email: "Email",
  password: "Password",
  show: "Show",
  hide: "Hide",
  submit: "Sign in",
  signingIn: "One moment …",
  emailNeeded: "Enter your email.",
  passwordNeeded: "Enter your password.",
};
