namespace WmProxy.ForwardProxy.Users;

/// <summary>What is known of one user: the digest of a password in clear, or its hash.</summary>
/// <param name="Name">The name, as the configuration has it.</param>
/// <param name="Digest">The digest of the password by <see cref="CredentialDigest"/>; <see langword="null"/> with a hash.</param>
/// <param name="Hash">The hash.</param>
internal sealed record UserEntry(string Name, byte[]? Digest, PasswordHash? Hash);
