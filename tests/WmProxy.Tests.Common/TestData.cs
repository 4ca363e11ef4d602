using System;
using System.Buffers;
using System.Buffers.Binary;
using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace WmProxy.Tests.Common;

/// <summary>
/// Bytes that look random and are a function of seed and offset alone: gigabytes can be sent in any pieces and compared by hash at the
/// other end without being stored anywhere.
/// </summary>
public static class TestData
{
    /// <summary>Fills <paramref name="destination"/> with the bytes from <paramref name="offset"/> on.</summary>
    public static void Fill(Span<byte> destination, long offset, ulong seed)
    {
        var block = (ulong)offset / 8;
        var skip = (int)(offset % 8);
        Span<byte> one = stackalloc byte[8];
        if (skip > 0 && !destination.IsEmpty)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(one, Block(block++, seed));
            var head = one[skip..];
            var count = Math.Min(head.Length, destination.Length);
            head[..count].CopyTo(destination);
            destination = destination[count..];
        }

        var whole = MemoryMarshal.Cast<byte, ulong>(destination);
        for (var i = 0; i < whole.Length; i++)
        {
            var value = Block(block++, seed);
            whole[i] = BitConverter.IsLittleEndian ? value : BinaryPrimitives.ReverseEndianness(value);
        }

        var tail = destination[(whole.Length * 8)..];
        if (!tail.IsEmpty)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(one, Block(block, seed));
            one[..tail.Length].CopyTo(tail);
        }
    }

    /// <summary>The first <paramref name="length"/> bytes.</summary>
    public static byte[] Create(int length, ulong seed = 1)
    {
        var data = new byte[length];
        Fill(data, 0, seed);
        return data;
    }

    /// <summary>The XxHash3 of the first <paramref name="length"/> bytes, as <see cref="TransferResult.Hash"/> has it.</summary>
    public static ulong Hash(long length, ulong seed = 1)
    {
        var hash = new XxHash3();
        var buffer = ArrayPool<byte>.Shared.Rent(64 * 1024);
        try
        {
            for (var offset = 0L; offset < length;)
            {
                var piece = buffer.AsSpan(0, (int)Math.Min(buffer.Length, length - offset));
                Fill(piece, offset, seed);
                hash.Append(piece);
                offset += piece.Length;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return hash.GetCurrentHashAsUInt64();
    }

    // The finalizer of SplitMix64 (Steele, Lea, Flood 2014): neighbouring blocks share no pattern.
    private static ulong Block(ulong index, ulong seed)
    {
        var z = (seed * 0xD1342543DE82EF95) + ((index + 1) * 0x9E3779B97F4A7C15);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
