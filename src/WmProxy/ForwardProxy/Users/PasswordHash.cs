using System;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;

namespace WmProxy.ForwardProxy.Users;

/// <summary>
/// The hash of a password, PBKDF2 (RFC 8018 section 5.2) with HMAC-SHA-256 or HMAC-SHA-512, in the PHC string format:
/// <c>$pbkdf2-sha512$i=210000$salt$hash</c>, salt and hash in Base64 without padding.
/// </summary>
internal sealed class PasswordHash
{
    public const int MaxIterations = 10_000_000;

    // The iterations that OWASP's Password Storage Cheat Sheet asks for with SHA-512.
    private const int DefaultIterations = 210_000;

    private const int MinIterations = 1000;
    private const int SaltLength = 16;
    private const int HashLength = 32;
    private const int MaxLength = 64;

    private static readonly byte[] NoSalt = new byte[SaltLength];

    private readonly HashAlgorithmName _algorithm;
    private readonly byte[] _salt;
    private readonly byte[] _hash;

    private PasswordHash(HashAlgorithmName algorithm, int iterations, byte[] salt, byte[] hash)
    {
        _algorithm = algorithm;
        Iterations = iterations;
        _salt = salt;
        _hash = hash;
    }

    /// <summary>How much work a verification is.</summary>
    public int Iterations { get; }

    /// <summary>Hashes a password with a new salt.</summary>
    public static PasswordHash Create(ReadOnlySpan<byte> password, int iterations = DefaultIterations)
    {
        var salt = RandomNumberGenerator.GetBytes(SaltLength);
        return new PasswordHash(HashAlgorithmName.SHA512, iterations, salt, Rfc2898DeriveBytes.Pbkdf2(password, salt, iterations, HashAlgorithmName.SHA512, HashLength));
    }

    /// <summary>Reads a PHC string. The error never shows any of it.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out PasswordHash? hash, [NotNullWhen(false)] out string? error)
    {
        hash = null;
        error = "is not a password hash; 'wmproxy hash-password' prints one, as '$pbkdf2-sha512$i=210000$…'";
        if (text.Split('$') is not ["", var name, var parameters, var salt, var digest])
        {
            return false;
        }

        HashAlgorithmName? algorithm = name switch
        {
            "pbkdf2-sha256" => HashAlgorithmName.SHA256,
            "pbkdf2-sha512" => HashAlgorithmName.SHA512,
            _ => null,
        };
        if (algorithm is null)
        {
            error = "is a hash of another kind; the kinds known here are pbkdf2-sha256 and pbkdf2-sha512, as 'wmproxy hash-password' prints them";
            return false;
        }

        if (!TryDecode(salt, minLength: 8, out var saltBytes) || !TryDecode(digest, minLength: 16, out var digestBytes)
            || !TryReadParameters(parameters, digestBytes.Length, out var iterations))
        {
            return false;
        }

        if (iterations is < MinIterations or > MaxIterations)
        {
            error = $"has {iterations} iterations, which is not between {MinIterations} and {MaxIterations}";
            return false;
        }

        hash = new PasswordHash(algorithm.Value, iterations, saltBytes, digestBytes);
        error = null;
        return true;
    }

    /// <summary>Whether <paramref name="password"/> is the one; takes as long for any.</summary>
    public bool Verify(ReadOnlySpan<byte> password)
    {
        Span<byte> actual = stackalloc byte[_hash.Length];
        Rfc2898DeriveBytes.Pbkdf2(password, _salt, actual, Iterations, _algorithm);
        return CryptographicOperations.FixedTimeEquals(actual, _hash);
    }

    /// <summary>Takes the time of a verification.</summary>
    public static void Waste(ReadOnlySpan<byte> password, int iterations)
    {
        Span<byte> nothing = stackalloc byte[HashLength];
        Rfc2898DeriveBytes.Pbkdf2(password, NoSalt, nothing, iterations, HashAlgorithmName.SHA512);
    }

    /// <summary>The PHC string.</summary>
    public override string ToString()
    {
        var name = _algorithm == HashAlgorithmName.SHA256 ? "pbkdf2-sha256" : "pbkdf2-sha512";
        return $"${name}$i={Iterations.ToString(CultureInfo.InvariantCulture)}${Encode(_salt)}${Encode(_hash)}";
    }

    // "i=210000", and "l=32" beside it as other programs write it.
    private static bool TryReadParameters(string text, int length, out int iterations)
    {
        iterations = 0;
        foreach (var parameter in text.Split(','))
        {
            if (parameter.Length < 3 || parameter[1] != '=' || !int.TryParse(parameter.AsSpan(2), NumberStyles.None, CultureInfo.InvariantCulture, out var value))
            {
                return false;
            }

            switch (parameter[0])
            {
                case 'i' when iterations == 0:
                    iterations = value;
                    break;
                case 'l' when value == length:
                    break;
                default:
                    return false;
            }
        }

        return true;
    }

    private static string Encode(byte[] bytes) => Convert.ToBase64String(bytes).TrimEnd('=');

    private static bool TryDecode(string text, int minLength, out byte[] bytes)
    {
        bytes = new byte[MaxLength];
        var padded = text.PadRight((text.Length + 3) / 4 * 4, '=');
        if (text.Contains('=', StringComparison.Ordinal) || !Convert.TryFromBase64String(padded, bytes, out var length) || length < minLength)
        {
            return false;
        }

        bytes = bytes[..length];
        return true;
    }
}
