using System;
using System.Collections.Frozen;
using System.Collections.Generic;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using WmProxy.Configuration;

namespace WmProxy.ForwardProxy.Users;

/// <summary>
/// The users of a forward proxy, compiled. How long an answer takes does not tell whether a name is known: names are found by digests, passwords compared by
/// digests of one length, and where some users have hashes, every wrong answer costs as much as the hash that takes longest.
/// </summary>
internal sealed class UserTable
{
    private static readonly byte[] NoDigest = RandomNumberGenerator.GetBytes(CredentialDigest.Length);

    private readonly EquatableDictionary<ForwardUserConfig> _config;
    private readonly FrozenDictionary<UInt128, UserEntry> _users;
    private readonly int _iterations;

    private UserTable(EquatableDictionary<ForwardUserConfig> config)
    {
        _config = config;
        _users = config.Values.ToFrozenDictionary(user => CredentialDigest.OfName(user.Name), Compile);
        _iterations = _users.Values.Max(user => user.Hash?.Iterations ?? 0);
    }

    /// <summary>Whether an answer may take the time of a hash.</summary>
    public bool HasHashes => _iterations > 0;

    /// <summary>The logins that were right, so that hashes are not computed for each connection. They go with the table when a reload changes the users.</summary>
    public VerifiedLogins Verified { get; } = new();

    /// <summary>The table for <paramref name="config"/>, which is <paramref name="previous"/> if a reload changed no user; <see langword="null"/> without users.</summary>
    public static UserTable? Compile(EquatableDictionary<ForwardUserConfig> config, UserTable? previous) =>
        config.Count == 0 ? null : previous is not null && previous._config.Equals(config) ? previous : new UserTable(config);

    /// <summary>Whether the name and the password are right. Slow where <see cref="HasHashes"/>.</summary>
    /// <param name="name">UTF-8.</param>
    /// <param name="password">UTF-8.</param>
    /// <param name="work">How many iterations of a hash that took, which is the same for everything that is wrong.</param>
    /// <returns>The user's name, or <see langword="null"/>.</returns>
    public string? Verify(ReadOnlySpan<byte> name, ReadOnlySpan<byte> password, out int work)
    {
        work = 0;
        var user = _users.GetValueOrDefault(CredentialDigest.OfName(name));
        Span<byte> digest = stackalloc byte[CredentialDigest.Length];
        CredentialDigest.OfPassword(password, digest);
        var isRight = CryptographicOperations.FixedTimeEquals(digest, user?.Digest ?? NoDigest);
        if (user?.Hash is { } hash)
        {
            isRight = hash.Verify(password);
            work = hash.Iterations;
        }

        if (isRight && user is not null)
        {
            return user.Name;
        }

        if (work < _iterations)
        {
            PasswordHash.Waste(password, _iterations - work);
            work = _iterations;
        }

        return null;
    }

    private static UserEntry Compile(ForwardUserConfig user)
    {
        if (user.PasswordHash is { } text)
        {
            return PasswordHash.TryParse(text, out var hash, out var error)
                ? new UserEntry(user.Name, null, hash)
                : throw new ArgumentException($"The password hash of '{user.Name}' {error}.", nameof(user));
        }

        var digest = new byte[CredentialDigest.Length];
        CredentialDigest.OfPassword(Encoding.UTF8.GetBytes(user.Password ?? throw new ArgumentException($"'{user.Name}' has no password.", nameof(user))), digest);
        return new UserEntry(user.Name, digest, null);
    }
}
