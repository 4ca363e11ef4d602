using System;
using System.Security.Cryptography;
using Microsoft.Extensions.Primitives;

namespace WmProxy.ForwardProxy.Http;

/// <summary>The <c>Via</c> field (RFC 9110 section 7.6.3), by which a request that comes back is known.</summary>
internal sealed class ViaField
{
    private const string ProtocolPrefix = "HTTP/";

    /// <summary>This process, under a name that tells nothing of where it runs.</summary>
    public string Pseudonym { get; } = $"wmproxy-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6))}";

    /// <summary>The entry of this process for a message that came in <paramref name="protocol"/>, as <c>HTTP/1.1</c>.</summary>
    public string EntryOf(string protocol) =>
        $"{(protocol.StartsWith(ProtocolPrefix, StringComparison.Ordinal) ? protocol[ProtocolPrefix.Length..] : protocol)} {Pseudonym}";

    /// <summary>Whether a message with these fields has been here before.</summary>
    public bool IsLoop(StringValues values)
    {
        foreach (var value in values)
        {
            foreach (var entry in (value ?? "").Split(','))
            {
                var parts = entry.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
                if (parts.Length >= 2 && parts[1].Equals(Pseudonym, StringComparison.OrdinalIgnoreCase))
                {
                    return true;
                }
            }
        }

        return false;
    }
}
