using System;
using System.Buffers.Binary;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using WmProxy.Connections.Access;

namespace WmProxy.ForwardProxy.Users;

/// <summary>
/// Digests of names and passwords, of one length whatever they are, under a random key of this process: comparing them tells nothing of what they are digests
/// of, and they are of no use to anybody who finds them.
/// </summary>
internal static class CredentialDigest
{
    public const int Length = 32;

    private static readonly byte[] Key = RandomNumberGenerator.GetBytes(Length);

    /// <summary>The digest of a name, as what users are looked up by.</summary>
    public static UInt128 OfName(ReadOnlySpan<byte> name)
    {
        Span<byte> digest = stackalloc byte[Length];
        Compute(digest, 1, default, name);
        return BinaryPrimitives.ReadUInt128BigEndian(digest);
    }

    public static UInt128 OfName(string name) => OfName(Encoding.UTF8.GetBytes(name));

    public static void OfPassword(ReadOnlySpan<byte> password, Span<byte> digest) => Compute(digest, 2, default, password);

    /// <summary>The digest of who says what: a client (as the throttle counts them), a name and a password.</summary>
    public static UInt128 OfLogin(IPAddress? client, ReadOnlySpan<byte> name, ReadOnlySpan<byte> password)
    {
        Span<byte> digest = stackalloc byte[Length];
        Span<byte> prefix = stackalloc byte[ClientKey.Length + Length];
        prefix.Clear();
        if (client is not null)
        {
            ClientKey.Create(client).WriteTo(prefix);
        }

        // The name by its digest, which has one length: nothing of it can be taken for a part of the password.
        Compute(prefix[ClientKey.Length..], 1, default, name);
        Compute(digest, 3, prefix, password);
        return BinaryPrimitives.ReadUInt128BigEndian(digest);
    }

    private static void Compute(Span<byte> digest, byte purpose, ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> text)
    {
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, Key);
        hmac.AppendData([purpose]);
        hmac.AppendData(prefix);
        hmac.AppendData(text);
        hmac.GetHashAndReset(digest);
    }
}
