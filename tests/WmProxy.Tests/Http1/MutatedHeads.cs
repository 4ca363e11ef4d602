using System;
using System.Collections.Generic;
using System.Text;
using System.Threading.Tasks;
using WmProxy.Http1;
using WmProxy.Tests.Connections;

namespace WmProxy.Tests.Http1;

/// <summary>Heads as somebody might send them who means no good: what <see cref="HeadReader"/> makes of one that a few bytes were changed in.</summary>
internal static class MutatedHeads
{
    private static readonly byte[] Likely = [.. "\r\n\r\n \t:,;0123456789aZ\0\u007f\u00e9"u8];

    public static IEnumerable<byte[]> Of(string head, int rounds, bool allowsBareLf)
    {
        var random = new Random(20261126);
        for (var round = 0; round < rounds; round++)
        {
            var bytes = new List<byte>(Encoding.Latin1.GetBytes(head));
            for (var change = random.Next(1, 4); change > 0; change--)
            {
                Change(bytes, random);
            }

            using var stream = ChunkedTransportStream.Split([.. bytes], random.Next(bytes.Count));
            var read = Now(HeadReader.ReadAsync(stream, 1000, allowsBareLf));
            if (read.IsComplete)
            {
                yield return stream.Buffered[..read.Length].ToArray();
            }
        }
    }

    /// <summary>Whatever was in a head that was taken: its fields can be written for somebody else, one a line.</summary>
    public static void AssertFieldsAreClean(MessageHead head)
    {
        for (var i = 0; i < head.FieldCount; i++)
        {
            Assert.True(FieldLine.IsToken(head.NameOf(i)));
            Assert.True(FieldLine.IsText(head.ValueOf(i)));
            Assert.Equal(head.ValueOf(i).Trim(" \t"u8).Length, head.ValueOf(i).Length);
            head.IsNominated(i);
        }
    }

    private static void Change(List<byte> bytes, Random random)
    {
        var at = random.Next(bytes.Count);
        var value = random.Next(2) == 0 ? Likely[random.Next(Likely.Length)] : (byte)random.Next(256);
        switch (random.Next(4))
        {
            case 0:
                bytes.Insert(at, value);
                break;
            case 1 when bytes.Count > 1:
                bytes.RemoveAt(at);
                break;
            default:
                bytes[at] = value;
                break;
        }
    }

    // These streams never wait.
    private static HeadReadResult Now(ValueTask<HeadReadResult> read)
    {
        Assert.True(read.IsCompleted);
        return read.GetAwaiter().GetResult();
    }
}
