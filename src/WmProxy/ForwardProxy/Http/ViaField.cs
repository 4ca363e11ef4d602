using System;
using System.Security.Cryptography;
using System.Text;
using WmProxy.Http1;

namespace WmProxy.ForwardProxy.Http;

/// <summary>The <c>Via</c> field (RFC 9110 section 7.6.3), by which a request that comes back is known.</summary>
internal sealed class ViaField
{
    private readonly byte[] _pseudonym = Encoding.ASCII.GetBytes($"wmproxy-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6))}");
    private readonly byte[] _http11;
    private readonly byte[] _http10;

    public ViaField()
    {
        _http11 = [.. "1.1 "u8, .. _pseudonym];
        _http10 = [.. "1.0 "u8, .. _pseudonym];
    }

    /// <summary>Writes the field as it came, with this process's entry, under a name that tells nothing of where it runs.</summary>
    public void Write(OutputBuffer output, MessageHead received)
    {
        output.Append("Via: "u8);
        for (var i = received.IndexOf(FieldKind.Via); i >= 0; i = received.IndexOf(FieldKind.Via, i + 1))
        {
            if (!received.ValueOf(i).IsEmpty)
            {
                output.Append(received.ValueOf(i));
                output.Append(", "u8);
            }
        }

        output.Append(received.IsHttp11 ? _http11 : _http10);
        output.Append("\r\n"u8);
    }

    /// <summary>Whether a message has been here before.</summary>
    public bool IsLoop(MessageHead received)
    {
        for (var i = received.IndexOf(FieldKind.Via); i >= 0; i = received.IndexOf(FieldKind.Via, i + 1))
        {
            if (HasEntry(received.ValueOf(i)))
            {
                return true;
            }
        }

        return false;
    }

    private bool HasEntry(ReadOnlySpan<byte> value)
    {
        foreach (var part in value.Split((byte)','))
        {
            // The protocol, then who received it, then perhaps a comment.
            var entry = value[part].Trim(" \t"u8);
            var protocol = entry.IndexOfAny((byte)' ', (byte)'\t');
            if (protocol < 0)
            {
                continue;
            }

            var receiver = entry[protocol..].TrimStart(" \t"u8);
            var end = receiver.IndexOfAny((byte)' ', (byte)'\t');
            if (Ascii.EqualsIgnoreCase(end < 0 ? receiver : receiver[..end], _pseudonym))
            {
                return true;
            }
        }

        return false;
    }
}
