using System;
using System.IO.Hashing;
using System.Linq;
using WmProxy.Tests.Common;

namespace WmProxy.FunctionalTests.Kit;

public sealed class TestDataTests
{
    [Fact]
    public void Fill_AnyPieces_GiveTheSameBytes()
    {
        var whole = TestData.Create(100);

        for (var start = 0; start < 40; start++)
        {
            for (var length = 0; length < 40; length++)
            {
                var piece = new byte[length];
                TestData.Fill(piece, start, 1);
                Assert.Equal(whole[start..(start + length)], piece);
            }
        }
    }

    [Fact]
    public void Fill_OtherSeed_GivesOtherBytes() => Assert.NotEqual(TestData.Create(64, 1), TestData.Create(64, 2));

    [Fact]
    public void Fill_LongRange_DoesNotRepeat()
    {
        var data = TestData.Create(1 << 16);

        Assert.Equal(data.Length / 8, Enumerable.Range(0, data.Length / 8).Select(i => BitConverter.ToUInt64(data, i * 8)).Distinct().Count());
    }

    [Fact]
    public void Hash_Length_IsThatOfTheBytes() => Assert.Equal(XxHash3.HashToUInt64(TestData.Create(200_001, 3)), TestData.Hash(200_001, 3));
}
