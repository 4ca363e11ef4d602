using System;
using System.Net;
using WmProxy.Configuration;
using WmProxy.Configuration.Validation;
using WmProxy.Configuration.Values;

namespace WmProxy.Tests.Configuration.Values;

/// <summary>No text makes a parser throw, and it gives either a value or a reason.</summary>
public sealed class ValueParserFuzzTests
{
    private const string Alphabet = "0123456789.:-/%[]*@ abfmsKMiBxtcplunz\0\r\n\té😀\uD800,+";

    private static readonly string[] Seeds =
    [
        "00:00:30", "1.00:00:00", "500ms", "64KiB", "4MB/s", "20000-20100", "10.0.0.0/8", "2001:db8::/32", "::ffff:1.2.3.4", "tcp://*:6432", "tls://[::1]:0",
        "unix:/run/a.sock", "tcp://localhost:1-2", "*.shop.example", "true", "-2147483648", "tcp://host:1", "V1",
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Parsers_RandomText_NeverThrow(int seed)
    {
        var random = new Random(seed);
        for (var i = 0; i < 5_000; i++)
        {
            var text = Mutate(random);
            AssertResult<TimeSpan>(DurationParser.TryParse, text, value => value > TimeSpan.Zero && value <= DurationParser.Longest);
            AssertResult<long>(SizeParser.TryParse, text, value => value >= 0);
            AssertResult<long>(ByteRateParser.TryParse, text, value => value > 0);
            AssertResult<PortRange>(PortRangeParser.TryParse, text, value => value.First >= 0 && value.First <= value.Last && value.Last <= 65535);
            AssertResult<IPNetwork>(NetworkParser.TryParse, text, value => IPNetwork.TryParse(value.ToString(), out var again) && again.Equals(value));
            AssertResult<ListenAddress>(ListenAddressParser.TryParse, text, value => ListenAddressParser.TryParse(value.ToString(), out var again, out _) && again == value);
            AssertResult<int>(IntegerParser.TryParse, text, _ => true);
            AssertResult<bool>(BooleanParser.TryParse, text, _ => true);
            AssertResult<BandwidthScope>(EnumParser.TryParse, text, value => Enum.IsDefined(value));
            AssertReason(DestinationSyntax.FindError(text, isUdp: i % 2 == 0));
            AssertReason(ServerNameSyntax.FindError(text));
        }
    }

    private static void AssertResult<T>(ValueParser<T> parser, string text, Predicate<T> isSound)
    {
        if (parser(text, out var value, out var error))
        {
            Assert.Null(error);
            Assert.True(isSound(value), $"{text} gave {value}");
        }
        else
        {
            Assert.NotNull(error);
            AssertReason(error);
        }
    }

    private static void AssertReason(string? error)
    {
        Assert.NotEqual("", error);
        Assert.DoesNotContain('\n', error ?? "");
    }

    private static string Mutate(Random random)
    {
        var text = random.Next(3) == 0 ? "" : Seeds[random.Next(Seeds.Length)];
        for (var edits = random.Next(8); edits > 0; edits--)
        {
            var at = random.Next(text.Length + 1);
            text = random.Next(3) switch
            {
                0 when text.Length > at => text.Remove(at, 1),
                1 => text.Insert(at, text[..random.Next(text.Length + 1)]),
                _ => text.Insert(at, Alphabet[random.Next(Alphabet.Length)].ToString()),
            };
        }

        return text;
    }
}
