using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace WmProxy.Clusters;

/// <summary>What a probe sends after connecting and what it waits for, from a cluster's metadata.</summary>
/// <param name="Send">The bytes to send; may be empty.</param>
/// <param name="Expect">The bytes to find in the answer; may be empty.</param>
internal sealed record ProbeDialogue(ReadOnlyMemory<byte> Send, ReadOnlyMemory<byte> Expect)
{
    public const string SendMetadataKey = "HealthCheck.Send";

    public const string ExpectMetadataKey = "HealthCheck.Expect";

    /// <summary>How much of an answer is looked at.</summary>
    public const int MaxAnswerLength = 4096;

    private const string HexPrefix = "hex:";

    /// <summary>The dialogue of a cluster; a part that is malformed, which the validator reports, is left out.</summary>
    public static ProbeDialogue Read(IReadOnlyDictionary<string, string>? metadata)
    {
        TryRead(metadata, SendMetadataKey, out var send, out _);
        TryRead(metadata, ExpectMetadataKey, out var expect, out _);
        return new ProbeDialogue(send, expect);
    }

    /// <summary>Reads one part: text, as UTF-8, or <c>hex:</c> with hexadecimal digits. Nothing where it is not set.</summary>
    public static bool TryRead(
        IReadOnlyDictionary<string, string>? metadata,
        string key,
        out ReadOnlyMemory<byte> bytes,
        [NotNullWhen(false)] out string? error)
    {
        bytes = default;
        error = null;
        if (metadata is null || !metadata.TryGetValue(key, out var text))
        {
            return true;
        }

        if (!text.StartsWith(HexPrefix, StringComparison.OrdinalIgnoreCase))
        {
            bytes = Encoding.UTF8.GetBytes(text);
        }
        else
        {
            try
            {
                bytes = Convert.FromHexString(text[HexPrefix.Length..].Replace(" ", "", StringComparison.Ordinal));
            }
            catch (FormatException)
            {
                error = $"'{text}' is not an even number of hexadecimal digits after '{HexPrefix}'";
                return false;
            }
        }

        if (bytes.Length > MaxAnswerLength)
        {
            error = $"it has {bytes.Length} bytes, more than {MaxAnswerLength}";
            bytes = default;
            return false;
        }

        return true;
    }
}
