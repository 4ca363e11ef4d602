using System;
using System.Buffers.Binary;
using WmProxy.Tests.Common;

namespace WmProxy.EndToEndTests.Harness;

/// <summary>A datagram of a game: whose it is, the how many-th, and a position in the world that only these two have.</summary>
internal static class GamePacket
{
    public const int Length = 120;

    private const int Head = 8;

    /// <param name="packet">Where it is written.</param>
    /// <param name="sender">Tells clients and server apart.</param>
    /// <param name="player">Whose it is.</param>
    /// <param name="sequence">Which one, from 0.</param>
    public static void Write(Span<byte> packet, ulong sender, int player, int sequence)
    {
        BinaryPrimitives.WriteInt32LittleEndian(packet, player);
        BinaryPrimitives.WriteInt32LittleEndian(packet[4..], sequence);
        TestData.Fill(packet[Head..Length], (long)sequence * Length, (sender << 32) + (uint)player);
    }

    public static int Player(ReadOnlySpan<byte> packet) => packet.Length == Length ? BinaryPrimitives.ReadInt32LittleEndian(packet) : -1;

    /// <summary>What is wrong with a packet; <see langword="null"/> for nothing.</summary>
    public static string? Check(ReadOnlySpan<byte> packet, ulong sender, int player, int sequence)
    {
        Span<byte> expected = stackalloc byte[Length];
        Write(expected, sender, player, sequence);
        return packet.SequenceEqual(expected)
            ? null
            : $"player {player}, packet {sequence}: got {packet.Length} bytes, which begin {Convert.ToHexString(packet[..Math.Min(packet.Length, Head)])}";
    }
}
